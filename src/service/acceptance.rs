//! What a holder of an invitation link may do. Looking changes nothing.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// What a link shows; changes nothing.
    pub async fn look_at_invitation(&self, token: &InvitationToken) -> Result<Look> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Logs in with the invited address and joins, in one transaction. The session is not kept.
    pub async fn accept_invitation(
        &self,
        token: &InvitationToken,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<Accepted> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Registers the invited address and joins with exactly the assigned permissions, in one transaction.
    pub async fn register_and_accept(
        &self,
        token: &InvitationToken,
        registration: &Registration,
        entry: &Entry,
    ) -> Result<Accepted> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Declines; needs nothing but the link.
    pub async fn decline_invitation(&self, token: &InvitationToken, entry: &Entry) -> Result<()> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
