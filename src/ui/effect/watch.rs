//! Hears what others change while somebody is in an account, and passes it on as messages.

use super::{Failure, Seat};
use crate::service::Service;
use crate::ui::message::Message;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// News that wait to be looked at.
const QUEUE: usize = 16;

/// The task that hears what others change.
#[derive(Default)]
pub struct Watch {
    seat: Option<Seat>,
    task: JoinSet<()>,
}

impl Watch {
    /// Watches where this person is, or nothing.
    pub fn turn(
        &mut self,
        seat: Option<Seat>,
        service: Option<&Service>,
        said: &mpsc::Sender<Message>,
    ) {
        if self.seat == seat {
            return;
        }
        *self = Self::default();
        if let (Some(seat), Some(service)) = (&seat, service) {
            let watching = heard(service.clone(), seat.clone(), said.clone());
            self.task.spawn(watching);
        }
        self.seat = seat;
    }
}

/// Passes the news on until the session or the membership has ended.
async fn heard(service: Service, seat: Seat, said: mpsc::Sender<Message>) {
    let (sender, mut news) = mpsc::channel(QUEUE);
    let watching = service.watch(&seat.actor, seat.account, sender);
    let passing = async {
        while let Some(news) = news.recv().await {
            if said.send(Message::Heard(news)).await.is_err() {
                break;
            }
        }
    };
    if let (Err(error), ()) = tokio::join!(watching, passing) {
        let ended = Message::StillIn(Err(Failure::from(error)));
        // Nobody receives it any more where the console is ending.
        let _ending = said.send(ended).await;
    }
}
