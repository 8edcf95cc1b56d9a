//! Invitations: send, list, resend, cancel, edit, reveal.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// Pending and recently expired invitations, newest first. Needs `members.view`.
    pub async fn list_invitations(
        &self,
        actor: &Actor,
        account: AccountId,
    ) -> Result<Vec<Invitation>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Stores an invitation and queues its mail in one transaction.
    pub async fn send_invitation(
        &self,
        write: &Write,
        send: &SendInvitation,
    ) -> Result<InvitationSent> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// A new link; the old one dies.
    pub async fn resend_invitation(
        &self,
        write: &Write,
        id: InvitationId,
    ) -> Result<InvitationSent> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Withdraws a pending invitation.
    pub async fn cancel_invitation(&self, write: &Write, id: InvitationId) -> Result<Invitation> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Gives a pending invitation another grant; its link stays.
    pub async fn edit_invitation(
        &self,
        write: &Write,
        id: InvitationId,
        to: &Grant,
        version: Option<i64>,
    ) -> Result<Invitation> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// The one-time link of the current generation; recorded in the audit log. Allowed to the inviter and to the operator.
    pub async fn reveal_link(&self, write: &Write, id: InvitationId) -> Result<Revealed> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Where mail goes in this installation.
    pub fn mail_truth(&self) -> MailTruth {
        MailTruth::Files {
            folder: DisplaySafe::default(),
        }
    }
}
