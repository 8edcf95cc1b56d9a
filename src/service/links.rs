//! The links of invitations: what they are, and who may see one.

use super::{
    Conflict, Invalid, Operation, Result, Revealed, Service, Write,
    invitations::{draft, pending},
    unit::Begun,
};
use crate::{
    domain::{
        InvitationId, Standing, TokenDigest,
        policy::{Deed, Denied},
    },
    store::invitations,
};
use secrecy::SecretString;
use serde_json::Value;

impl Service {
    /// The link of the current generation, for the inviter and the operator; the audit log says so.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`Conflict::NotPending`], [`Invalid::BaseUrl`].
    pub async fn reveal_link(&self, write: &Write, id: InvitationId) -> Result<Revealed> {
        let mut connection = self.connect().await?;
        // A reveal has no result to keep: the link must not reach the database.
        let unit = match self
            .begin::<()>(&mut connection, (write, Operation::RevealLink), &id)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(()) => return Err(Conflict::CommandReused.into()),
        };
        let invitation = pending(&unit, id).await?;
        let theirs = invitation.inviter.is_some() && invitation.inviter == unit.standing.user();
        if !theirs && unit.standing != Standing::Operator {
            return Err(unit.refuse(self, Denied::NotAManager).await?);
        }
        let grant = &invitation.grant;
        let unit = unit.allow(self, &Deed::ResendInvitation { grant }).await?;
        let digest = invitations::digest(&unit.tx, id).await?;
        let link = self.link((id, invitation.generation), digest)?;
        unit.record(&draft(
            "invitation.link_revealed",
            &invitation,
            Value::Null,
            Value::Null,
        ))
        .await?;
        unit.finish(()).await?;
        Ok(Revealed { link })
    }

    /// The link of a generation of an invitation: always the one whose digest is stored, whatever key
    /// is the current one now.
    ///
    /// # Errors
    /// [`Invalid::BaseUrl`] when no base URL is configured, [`Conflict::KeyMissing`].
    pub(super) fn link(
        &self,
        (id, generation): (InvitationId, i32),
        digest: Option<TokenDigest>,
    ) -> Result<SecretString> {
        let base = self.0.settings.base_url.as_ref().ok_or(Invalid::BaseUrl)?;
        let keys = self.keys();
        let key = digest.and_then(|digest| keys.of_token((id, generation), &digest));
        let token = key.ok_or(Conflict::KeyMissing)?.token(id, generation);
        let base = base.as_str().trim_end_matches('/');
        Ok(SecretString::from(format!(
            "{base}/invite/{}",
            token.expose()
        )))
    }
}
