//! How the box's lines and the rows of the list belong together, and what may be given.

use crate::domain::policy::{self, Deed};
use crate::domain::roster::{Row, Wanted};
use crate::domain::{Grant, Roster};
use crate::ui::model::Ctx;

/// The rows that stand on a line of the box.
pub(super) fn on_line(rows: &[Row], line: usize) -> std::ops::Range<usize> {
    let start = rows.partition_point(|row| row.line <= line);
    let end = rows.partition_point(|row| row.line <= line + 1);
    start..end
}

/// Pasted text as lines of the box: a table line by line, of anything else each address on its own.
pub fn lines_of(text: &str) -> Vec<String> {
    let raw = || text.lines().map(str::to_owned).collect();
    let is_table = text.lines().find(|line| !line.trim().is_empty());
    let is_table = is_table.is_some_and(|line| !line.contains('@'));
    match Roster::parse(text.as_bytes(), &Wanted::Addresses) {
        Ok(roster) if !is_table => {
            // What is left of separators names nobody.
            let names = |typed: &&str| typed.chars().any(char::is_alphanumeric);
            let rows = roster.rows().iter().map(Row::typed);
            rows.filter(names).map(str::to_owned).collect()
        }
        _ => raw(),
    }
}

/// A grant that the person may give, for judging addresses before one is chosen.
pub(super) fn any_grant(ctx: &Ctx) -> Grant {
    let keys = ctx.catalogue.permissions().iter();
    let grants = keys.map(|permission| {
        let one = [permission.key.as_str()].into_iter().collect();
        Grant::custom(one).normalised(&ctx.catalogue)
    });
    let mut allowed = grants.filter(|grant| refusal(grant, ctx).is_none());
    // Who may give nothing is told so by each verdict.
    allowed.next().unwrap_or_else(Grant::full)
}

/// Why policy refuses to invite with this grant, if it does.
pub(super) fn refusal(grant: &Grant, ctx: &Ctx) -> Option<String> {
    let standing = ctx.standing()?;
    let may = policy::may(&standing, &Deed::Invite { grant }, &ctx.catalogue);
    may.err().map(|denied| denied.to_string())
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_list_has_a_line_for_each_and_a_table_stays_as_it_is() {
        assert_eq!(
            lines_of("Ada <ada@x.com>, bob@x.com; carl@x.com\nno address"),
            ["ada@x.com", "bob@x.com", "carl@x.com", "no", "address"]
        );
        let table = "email,role\nada@x.com,full\nbob@x.com,full";
        assert_eq!(
            lines_of(table),
            ["email,role", "ada@x.com,full", "bob@x.com,full"]
        );
    }
}
