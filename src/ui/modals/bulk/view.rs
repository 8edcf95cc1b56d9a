//! How the dialog for many looks at each stage.

use super::adjust::Adjust;
use super::listing::Listing;
use super::plan::{Act, counted};
use super::{Break, Bulk, Stage};
use crate::domain::{Fate, Grant, GrantDiff, PermissionSet};
use crate::ui::effect::MemberAct;
use crate::ui::modals::written::{self, label};
use crate::ui::model::{Ctx, Mail};
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::dialog;
use crate::ui::widgets::fit::cut;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

const WIDTH: u16 = 96;
const HEIGHT: u16 = 34;
/// Frame, free line, bar and words, free line, button.
const RUNNING: u16 = 9;

/// The places inside the dialog.
struct Places {
    head: Rect,
    list: Rect,
    /// The equivalent command.
    foot: Rect,
}

impl Bulk {
    pub(super) fn area(&self, ctx: &Ctx) -> Rect {
        let room = ctx.area.height.saturating_sub(2);
        let height = match &self.stage {
            Stage::Running(_) => RUNNING.min(room),
            _ => HEIGHT.min(room),
        };
        dialog::centred(ctx.area, WIDTH, height)
    }

    /// How many lines of the listing are seen at once.
    pub(super) fn page(&self, ctx: &Ctx) -> usize {
        let plain = Styles::default();
        usize::from(self.places(&plain, ctx).list.height).max(1)
    }

    fn places(&self, styles: &Styles, ctx: &Ctx) -> Places {
        let inner = dialog::inner(self.area(ctx));
        let room = inner.height.saturating_sub(2);
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let head = rows(self.head(styles, ctx).line_count(inner.width)).min(room / 2);
        let foot = match &self.stage {
            Stage::Review(_) => rows(self.foot(styles, ctx).len()).min((room - head) / 2),
            _ => 0,
        };
        let list = room.saturating_sub(head + foot);
        let at = |y: u16, height: u16| Rect {
            y: inner.y + y,
            height,
            ..inner
        };
        Places {
            head: at(0, head),
            list: at(head, list),
            foot: at(head + list, foot),
        }
    }

    pub(super) fn labels(&self) -> Vec<Button> {
        let plain = |words: &str| Button::new(words, Tone::Plain);
        match &self.stage {
            Stage::Judging(_, None) => vec![plain("Back")],
            Stage::Judging(_, Some(_)) => vec![plain("Back"), plain("Try again")],
            Stage::Running(_) => vec![plain("Stop")],
            Stage::Ended(_, None) => vec![plain("Close")],
            Stage::Ended(_, Some(_)) => vec![plain("Close"), plain("Go on")],
            Stage::Review(listing) => {
                let count = listing.count(Fate::Done);
                let (_, go) = self.plan.title(count);
                let tone = match (count, self.plan.takes_access()) {
                    (0, _) => Tone::Disabled,
                    (_, true) => Tone::Danger,
                    (_, false) => Tone::Plain,
                };
                let back = if self.plan.takes_access() {
                    "Keep"
                } else {
                    "Back"
                };
                vec![plain(back), Button::new(go, tone)]
            }
        }
    }

    pub(super) fn buttons(&self, area: Rect) -> Buttons {
        Buttons::right(self.labels(), dialog::button_row(area))
    }

    fn title(&self) -> String {
        match &self.stage {
            Stage::Judging(..) | Stage::Review(_) => self.plan.title(0).0,
            Stage::Running(_) => match self.plan.act() {
                Act::Invite(_) => "Sending the invitations".to_owned(),
                Act::Change(MemberAct::Remove) => "Removing access".to_owned(),
                Act::Change(_) => "Changing permissions".to_owned(),
            },
            Stage::Ended(_, None) => "Done".to_owned(),
            Stage::Ended(_, Some(Break::Asked)) => "Stopped".to_owned(),
            Stage::Ended(_, Some(Break::By(_))) => "Broken off".to_owned(),
        }
    }

    fn head(&self, styles: &Styles, ctx: &Ctx) -> Paragraph<'static> {
        let mut lines = match &self.stage {
            Stage::Review(listing) => {
                let mut lines = self.what(styles, ctx);
                lines.push(Line::styled(listing.summary(), styles.text));
                if listing.count(Fate::Done) == 0 {
                    lines.push(Line::styled("Nothing is left to do", styles.warning));
                }
                lines
            }
            Stage::Ended(listing, broken_off) => ended(listing, broken_off.as_ref(), styles),
            Stage::Judging(..) | Stage::Running(_) => return Paragraph::default(),
        };
        if ctx.area.height > 20 {
            lines.push(Line::default());
        }
        Paragraph::new(lines).wrap(Wrap { trim: true })
    }

    /// What is done to each.
    fn what(&self, styles: &Styles, ctx: &Ctx) -> Vec<Line<'static>> {
        match self.plan.act() {
            Act::Invite(grant) => {
                let mut lines = vec![granted("They get", grant, styles, ctx)];
                lines.push(Line::styled(promise(&ctx.mail), styles.muted));
                lines
            }
            Act::Change(MemberAct::Set(grant)) => {
                vec![granted("Everybody gets exactly", grant, styles, ctx)]
            }
            Act::Change(MemberAct::Adjust { give, take }) => {
                let implied = ctx.catalogue.with_required(give).minus(give);
                let diff = GrantDiff {
                    role: None,
                    given: give.plus(&implied),
                    implied,
                    taken: take.clone(),
                };
                let mut lines = written::key_lines(&diff, ctx, styles);
                let (give, take) = (give.clone(), take.clone());
                let adjust = Adjust { give, take };
                let along = adjust.taken(&ctx.catalogue).minus(&adjust.take);
                lines.extend(along.iter().map(|key| {
                    let words = format!("− {}  (needs what is taken)", label(key, ctx));
                    Line::styled(words, styles.muted)
                }));
                lines
            }
            Act::Change(MemberAct::Remove) => vec![
                Line::styled(
                    "− Membership, sessions on this account, pending invitations they sent",
                    styles.danger,
                ),
                Line::styled(
                    "Their platform users and their other accounts stay.",
                    styles.muted,
                ),
            ],
        }
    }

    fn foot(&self, styles: &Styles, ctx: &Ctx) -> Vec<Line<'static>> {
        let words = "The same as a command (y copies it with its list):";
        let mut lines = vec![Line::default(), Line::styled(words, styles.muted)];
        let command = self.plan.command(ctx);
        lines.extend(
            command
                .lines()
                .map(|line| Line::styled(line.to_owned(), styles.accent)),
        );
        lines
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let area = self.area(ctx);
        let inner = dialog::draw(frame, area, &self.title(), styles);
        match &self.stage {
            Stage::Judging(waiting, failure) => {
                let line = if let Some(failure) = failure {
                    Line::styled(failure.text.to_string(), styles.danger)
                } else {
                    let spinner = waiting.spinner(ctx.now).unwrap_or_default();
                    let rows = counted(self.plan.work().len(), "row");
                    Line::styled(format!("{spinner} Looking at {rows}"), styles.muted)
                };
                frame.render_widget(Paragraph::new(line).wrap(Wrap { trim: true }), inner);
            }
            Stage::Running(running) => running.draw(frame, inner, styles, ctx.now),
            Stage::Review(listing) | Stage::Ended(listing, _) => {
                self.listing(frame, listing, styles, ctx);
            }
        }
        self.buttons(area).draw(frame, Some(self.focus), styles);
    }

    fn listing(&self, frame: &mut Frame<'_>, listing: &Listing, styles: &Styles, ctx: &Ctx) {
        let places = self.places(styles, ctx);
        frame.render_widget(self.head(styles, ctx), places.head);
        // Another size shows more of it.
        let height = places.list.height;
        let last = listing.len().saturating_sub(usize::from(height));
        let top = self.top.min(last);
        let lines = listing.lines((top, height, places.list.width), &self.plan, styles, ctx);
        frame.render_widget(Paragraph::new(lines), places.list);
        if top < last {
            dialog::draw_note(frame, self.area(ctx), "↓ more", styles);
        }
        if places.foot.height > 0 {
            // Where room is short, the command itself goes last.
            let lines = self.foot(styles, ctx);
            let width = usize::from(places.foot.width);
            let skipped = lines.len().saturating_sub(usize::from(places.foot.height));
            let lines = lines.into_iter().skip(skipped);
            let lines = lines.map(|line| {
                let style = line.style;
                Line::styled(cut(&line.to_string(), width), style)
            });
            frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), places.foot);
        }
    }
}

/// What came of it, and what can be done about the rest.
fn ended(listing: &Listing, broken_off: Option<&Break>, styles: &Styles) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(listing.summary(), styles.text)];
    match broken_off {
        None => {}
        Some(Break::Asked) => lines.push(Line::styled(
            "The rest is as it was. Going on does only that.",
            styles.warning,
        )),
        Some(Break::By(failure)) => {
            lines.push(Line::styled(failure.text.to_string(), styles.danger));
            lines.push(Line::styled(
                "Going on finds out what is done, does the rest, and nothing twice.",
                styles.warning,
            ));
        }
    }
    lines
}

fn granted(words: &str, grant: &Grant, styles: &Styles, ctx: &Ctx) -> Line<'static> {
    let keys: &PermissionSet = &grant.permissions;
    let labels: Vec<String> = keys.iter().map(|key| label(key, ctx)).collect();
    let mut words = format!("{words}: {}", grant.badge(&ctx.catalogue));
    if !labels.is_empty() {
        words.extend([" (", &labels.join(", "), ")"]);
    }
    Line::styled(words, styles.accent)
}

fn promise(mail: &Mail) -> String {
    match mail {
        Mail::Files { .. } => "Each gets a one-time link; the mails are written to files",
        _ => "Each gets a one-time link by mail",
    }
    .to_owned()
}
