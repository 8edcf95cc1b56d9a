//! What a written change is called in a toast.

use super::message::Done;
use super::model::Mail;

/// The words for a change that was written; never more than the truth about its mail.
pub(super) fn done_words(done: &Done, mail: &Mail) -> String {
    let on_its_way = match mail {
        Mail::Files { .. } => "the mail is being written to a file",
        _ => "the mail is on its way",
    };
    match done {
        Done::GrantSet(member) => {
            format!(
                "{} has the new permissions. u takes it back",
                member.email.as_str()
            )
        }
        Done::Restored { member, removed } => {
            let again = if *removed {
                "has access again"
            } else {
                "has the earlier permissions again"
            };
            format!("{} {again}", member.email.as_str())
        }
        Done::OwnershipOffered(member) => {
            format!(
                "Ownership offered; {} has to accept it",
                member.email.as_str()
            )
        }
        Done::MemberRemoved { member, .. } => {
            format!(
                "{} has no access any more. u takes it back",
                member.email.as_str()
            )
        }
        Done::InvitationSent(i) => format!("{} is invited; {on_its_way}", i.email.as_str()),
        Done::InvitationEdited(i) => format!("The invitation of {} is changed", i.email.as_str()),
        Done::InvitationResent(i) => {
            format!("{} gets a new link; {on_its_way}", i.email.as_str())
        }
        Done::InvitationCancelled(i) => {
            format!("The invitation of {} is cancelled", i.email.as_str())
        }
    }
}
