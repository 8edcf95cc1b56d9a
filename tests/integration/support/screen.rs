//! A console without a terminal: keys go through the real keymap, `update` and `view`; the effects
//! are answered from a small world in memory, so that every screen can be asked for by its keys.

use super::many::Many;
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::{Terminal, layout::Size};
use rollbook::config;
use rollbook::domain::{Event as Recorded, *};
use rollbook::ui::effect::{
    COUNT_CAP, Effect, Enrolment, Entered, FactorState, Failure, FailureKind, History, ListMembers,
    LocateMember, Session,
};
use rollbook::ui::keymap::{Key, Keymap};
use rollbook::ui::message::{Done, Found, Message, Place, Setup};
use rollbook::ui::model::{Ctx, Mail, Model, Opening, Phase};
use rollbook::ui::theme::{Charset, Depth, Styles};
use rollbook::ui::update::{start, update};
use rollbook::ui::view::view;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Who sits at the console.
const ME: &str = "ada@mill.example";

/// The instant of every picture.
pub(crate) fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

/// What the answers are made from.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) mail: Mail,
    pub(crate) accounts: Vec<AccountSummary>,
    pub(crate) members: Vec<Member>,
    pub(crate) invitations: Vec<Invitation>,
    /// Who is signed in: an index into `members`.
    pub(crate) me: usize,
    /// Answers every read and write while the database is away.
    pub(crate) outage: Option<Failure>,
    /// Answers the next write.
    pub(crate) refusal: Option<Failure>,
    /// Lists and counts read, and times that the console stopped waiting.
    pub(crate) events: Vec<Recorded>,
    pub(crate) reads: usize,
    pub(crate) stops: usize,
    /// How work on many goes.
    pub(crate) many: Many,
}

pub(crate) fn catalogue() -> Catalogue {
    let text = include_str!("../../../config/permissions.toml");
    config::catalogue(Path::new("permissions.toml"), text).unwrap()
}

pub(crate) fn member(index: usize, email: &str, grant: Grant) -> Member {
    let hours = i64::try_from(index * index * 7 + index).unwrap();
    Member {
        user: UserId(Uuid::from_u128(index as u128 + 1)),
        email: Email::parse(email).unwrap(),
        name: if index == 0 {
            "Ada Lovelace".into()
        } else {
            "".into()
        },
        grant,
        last_login: (index % 5 != 4).then(|| now() - SignedDuration::from_hours(hours)),
        joined_at: now() - SignedDuration::from_hours(9000),
        invited_by: None,
        ownership_offered: false,
        version: 1,
    }
}

pub(crate) fn invitation(index: usize, email: &str, state: DeliveryState) -> Invitation {
    Invitation {
        id: InvitationId(Uuid::from_u128(index as u128 + 1)),
        account: AccountId(Uuid::from_u128(1)),
        email: Email::parse(email).unwrap(),
        grant: if index == 0 {
            Grant::full()
        } else {
            custom(&["invoices.pay"])
        },
        status: InvitationStatus::Pending,
        inviter: Some(UserId(Uuid::from_u128(1))),
        invited_by: "ada@mill.example".into(),
        created_at: now() - SignedDuration::from_hours(2 + i64::try_from(index).unwrap() * 30),
        expires_at: now() + SignedDuration::from_hours(166 - i64::try_from(index).unwrap() * 30),
        generation: 1,
        version: 1,
        delivery: Delivery {
            state,
            attempts: 1,
            last_reply: (state == DeliveryState::Deferred)
                .then(|| "451 4.7.1 Greylisted, try again".into()),
            next_attempt_at: (state == DeliveryState::Deferred)
                .then(|| now() + SignedDuration::from_mins(4)),
        },
    }
}

pub(crate) fn custom(keys: &[&str]) -> Grant {
    Grant::custom(keys.iter().copied().collect())
}

/// An account without its first members, so that they are asked for.
fn entered(account: AccountSummary) -> Message {
    let first = None;
    Message::AccountEntered(Ok(Box::new(Entered { account, first })))
}

impl World {
    /// An owner, and members of each kind.
    pub(crate) fn small() -> Self {
        let mut members = vec![member(0, "ada@mill.example", Grant::owner())];
        members.push(member(1, "babbage@mill.example", Grant::full()));
        members.push(member(
            2,
            "clark.kent@daily.example",
            custom(&["products.view", "products.manage", "invoices.pay"]),
        ));
        members.push(member(3, "dora@mill.example", Grant::owner()));
        members.push(member(
            4,
            "emmy.noether@goettingen.example",
            custom(&["tickets.open", "members.view"]),
        ));
        Self {
            setup: Setup::Done,
            mail: Mail::Smtp {
                host: "mail.example".into(),
            },
            accounts: vec![account(1, "Lovelace Mills")],
            members,
            invitations: Vec::new(),
            me: 0,
            outage: None,
            refusal: None,
            events: Vec::new(),
            reads: 0,
            stops: 0,
            many: Many::default(),
        }
    }

    /// Two hundred members and an invitation in each state of delivery.
    pub(crate) fn large() -> Self {
        let mut world = Self::small();
        world.members.extend(
            (5..200)
                .map(|index| member(index, &format!("m{index:03}@mill.example"), Grant::full())),
        );
        world.invitations = vec![
            invitation(0, "grace@navy.example", DeliveryState::Queued),
            invitation(1, "hedy@studio.example", DeliveryState::Sent),
            invitation(2, "ida@rhodes.example", DeliveryState::Deferred),
            invitation(3, "joan@clarke.example", DeliveryState::Failed),
        ];
        world
    }

    /// Five thousand members: more than a window keeps, and than is counted without being asked.
    pub(crate) fn huge() -> Self {
        let mut world = Self::large();
        let member = |index: usize| {
            let name = ["anna", "bert", "carl", "dora", "emil"][index % 5];
            let email = format!("{name}.{index:04}@mill.example");
            Member {
                user: UserId(Uuid::from_u128(index as u128 + 1)),
                ..member(index % 200, &email, custom(&["invoices.pay"]))
            }
        };
        world.members.extend((200..5000).map(member));
        world
    }

    fn answer(&mut self, effect: Effect) -> Option<Message> {
        if let Some(message) = self
            .outage
            .clone()
            .and_then(|failure| refused(&effect, failure))
        {
            return Some(message);
        }
        let effect = match self.answer_many(effect) {
            Ok(message) => return message,
            Err(effect) => *effect,
        };
        match effect.slot() {
            Some(_) => self.reads += 1,
            None if matches!(effect, Effect::Stop | Effect::GiveUp(_)) => self.stops += 1,
            None => {}
        }
        self.answer_one(effect)
    }

    fn answer_one(&mut self, effect: Effect) -> Option<Message> {
        Some(match effect {
            Effect::Connect => Message::Connected(Ok(Found {
                ahead: SignedDuration::ZERO,
                setup: self.setup,
                mail: self.mail.clone(),
            })),
            Effect::SignIn { email, .. } if email.starts_with("wrong") => {
                let words = "That address and password do not match";
                Message::SignedIn(Err(Failure::new(FailureKind::Invalid, words)))
            }
            Effect::SignIn { .. } | Effect::SetUp { .. } | Effect::Resume(_) => {
                Message::SignedIn(Ok(Box::new(self.session())))
            }
            Effect::EnterAccount(_, id) => {
                let account = self.accounts.iter().find(|account| account.id == id)?;
                entered(account.clone())
            }
            Effect::ListMembers(list) => self.list(&list),
            Effect::LocateMember(locate) => self.locate(&locate),
            Effect::CountMembers(_, query) => self.count(&query),
            Effect::ListInvitations(_) => Message::InvitationsLoaded(Ok(self.invitations.clone())),
            Effect::ShowMember(_, email) => {
                let found = self.members.iter().find(|member| member.email == email)?;
                Message::MemberShown(Ok(Box::new(found.clone())))
            }
            Effect::RemovalPreview(..) => Message::RemovalPreviewed(Ok((2, 1))),
            Effect::Apply(_, change, _) => {
                let refusal = self.refusal.take().or_else(|| self.conflict(&change));
                let reply = refusal.map_or_else(|| Ok(self.apply(&change)), Err);
                Message::Changed(change, reply)
            }
            Effect::SignOut(_) => Message::SignedOut(Ok(())),
            Effect::LoginLog(_) => Message::LoginsLoaded(Ok(vec![LoginAttempt {
                at: now() - SignedDuration::from_hours(3),
                success: true,
                method: "console".into(),
                source: "192.0.2.7".into(),
            }])),
            Effect::FindUndo(_) => Message::UndoFound(self.undo()),
            Effect::MemberHistory(_, email, before) => {
                Message::HistoryLoaded(Ok(Box::new(self.history(&email, before))))
            }
            effect => return own(&effect),
        })
    }

    fn session(&self) -> Session {
        let me = &self.members[self.me];
        Session {
            actor: Actor {
                who: Who::User {
                    id: me.user,
                    email: me.email.clone(),
                    session: SessionId(Uuid::nil()),
                },
                origin: Origin::new("test"),
            },
            user: User {
                id: me.user,
                email: me.email.clone(),
                name: me.name.clone(),
                last_login: None,
                created_at: now(),
            },
            secret: Secret256::from_bytes([1; 32]),
            accounts: self.accounts.clone(),
        }
    }

    pub(crate) fn matching(&self, query: &MemberQuery) -> Vec<Member> {
        let hit = |member: &&Member| match query.needle() {
            Needle::None => true,
            Needle::Prefix(text) => member.email.key().starts_with(&text.to_lowercase()),
            Needle::Part(text) => member.email.key().contains(&text.to_lowercase()),
        };
        let mut rows: Vec<Member> = self.members.iter().filter(hit).cloned().collect();
        match query.order() {
            Sort::Email => rows.sort_by_key(|member| member.email.key().to_owned()),
            Sort::LastLogin => rows.sort_by_key(|member| member.last_login.is_none()),
            Sort::Role => rows.sort_by_key(|member| member.grant.role),
        }
        if query.direction == Direction::Descending {
            rows.reverse();
        }
        rows
    }

    fn page(&self, query: &MemberQuery, seek: &Seek, limit: i64) -> Page<Member> {
        let rows = self.matching(query);
        let limit = usize::try_from(limit).unwrap();
        let at = |cursor: &Cursor| {
            rows.iter()
                .position(|m| m.email.key() == cursor.email_key)
                .unwrap_or(0)
        };
        let from = |cursor: &Cursor| self.standing(query, cursor);
        let (from, to) = match seek {
            Seek::First => (0, limit),
            Seek::Last => (rows.len().saturating_sub(limit), rows.len()),
            Seek::After(cursor) => (at(cursor) + 1, at(cursor) + 1 + limit),
            Seek::Before(cursor) => (at(cursor).saturating_sub(limit), at(cursor)),
            Seek::From(cursor) => (from(cursor), from(cursor) + limit),
        };
        let to = to.min(rows.len());
        Page {
            rows: rows[from.min(to)..to].to_vec(),
            more_before: from > 0,
            more_after: to < rows.len(),
        }
    }

    /// How many rows stand before a place.
    fn standing(&self, query: &MemberQuery, cursor: &Cursor) -> usize {
        let rows = self.matching(query);
        let key = |member: &Member| member.email.key().to_owned();
        let itself = rows.iter().position(|m| key(m) == cursor.email_key);
        let beyond = |m: &Member| match query.direction {
            Direction::Ascending => key(m) >= cursor.email_key,
            Direction::Descending => key(m) <= cursor.email_key,
        };
        let next = || rows.iter().position(beyond);
        itself.or_else(next).unwrap_or(rows.len())
    }

    /// Near places are counted, far ones guessed, and wrong.
    fn locate(&self, locate: &LocateMember) -> Message {
        let before = self.standing(&locate.query, &locate.cursor);
        let after = (self.matching(&locate.query).len() - before).saturating_sub(1);
        let count = |rows| {
            let rows = i64::try_from(rows).unwrap();
            match locate.reach {
                Reach::Near(most) if rows > most => Count::About(rows * rows / 1000),
                Reach::Near(_) | Reach::Whole => Count::Exactly(rows),
            }
        };
        Message::MemberLocated(Ok(Position {
            before: count(before),
            after: count(after),
        }))
    }

    fn count(&self, query: &MemberQuery) -> Message {
        let found = i64::try_from(self.matching(query).len()).unwrap();
        let all = query.search.is_empty();
        Message::MembersCounted(Ok(if all { found } else { found.min(COUNT_CAP) }))
    }

    fn list(&self, list: &ListMembers) -> Message {
        let page = |seek: &Seek| self.page(&list.query, seek, list.limit);
        let (Place::Around(_), Seek::From(cursor)) = (list.place, &list.seek) else {
            return Message::MembersLoaded(list.place, Ok(page(&list.seek)));
        };
        let rows = self.matching(&list.query);
        let at = self.standing(&list.query, cursor);
        let limit = usize::try_from(list.limit).unwrap();
        let (from, to) = (at.saturating_sub(limit), (at + limit).min(rows.len()));
        let page = Page {
            rows: rows[from..to].to_vec(),
            more_before: from > 0,
            more_after: to < rows.len(),
        };
        Message::MembersLoaded(Place::Around(at - from), Ok(page))
    }

    /// What stands against a change: somebody else was faster.
    fn conflict(&self, change: &Change) -> Option<Failure> {
        let seen = match change {
            Change::SetGrant { member, .. } | Change::Remove { member } => member,
            Change::Restore { restoration, .. } => restoration.now.as_ref()?,
            _ => return None,
        };
        let words = "Somebody else changed this meanwhile; look at it again";
        match self.members.iter().find(|m| m.user == seen.user) {
            None => Some(Failure::new(FailureKind::NotFound, "Member not found")),
            Some(now) if now.version == seen.version => None,
            Some(now) => Some(Failure {
                current: Some(Box::new(Current::Member(Box::new(now.clone())))),
                ..Failure::new(FailureKind::Changed, words)
            }),
        }
    }

    /// Gives a member another grant, as anybody may who is somewhere else.
    pub(crate) fn set(&mut self, address: &str, to: Grant, by: &str) -> Member {
        let found = self.members.iter_mut();
        let mut found = found.filter(|member| member.email.as_str() == address);
        let member = found.next().unwrap();
        let before = std::mem::replace(&mut member.grant, to);
        member.version += 1;
        let member = member.clone();
        self.record(CHANGED, &member, (Some(&before), Some(&member.grant)), by);
        member
    }

    pub(crate) fn record(
        &mut self,
        action: &str,
        member: &Member,
        (before, after): (Option<&Grant>, Option<&Grant>),
        by: &str,
    ) {
        let sequence = i64::try_from(self.events.len()).unwrap() + 1;
        self.events.push(Recorded {
            id: sequence,
            sequence,
            at: now() - SignedDuration::from_mins(90) + SignedDuration::from_mins(sequence),
            actor: by.into(),
            source: "test".into(),
            action: action.into(),
            subject_id: Some(member.user.0),
            subject: member.email.as_str().into(),
            before: serde_json::to_value(before).unwrap(),
            after: serde_json::to_value(after).unwrap(),
            command: None,
        });
    }

    fn undo(&self) -> Result<Box<Restoration>, Failure> {
        let mine = |event: &&Recorded| {
            let kinds = [CHANGED, REMOVED];
            event.actor.as_str() == ME && kinds.contains(&event.action.as_str())
        };
        let Some(event) = self.events.iter().rev().find(mine) else {
            let words = "There is nothing to take back";
            return Err(Failure::new(FailureKind::Conflict, words));
        };
        let email = Email::parse(event.subject.as_str()).unwrap();
        Ok(Box::new(Restoration {
            event: event.sequence,
            moment: Moment::Before,
            at: event.at,
            by: event.actor.clone(),
            now: self.members.iter().find(|m| m.email == email).cloned(),
            was: event.grant_after(),
            back: event.grant_before().unwrap(),
            email,
        }))
    }

    fn history(&self, email: &Email, before: Option<i64>) -> History {
        let of = |event: &&Recorded| {
            let page = before.is_none_or(|before| event.sequence < before);
            page && event.subject.as_str() == email.as_str()
        };
        let events = self.events.iter().rev().filter(of).take(50).cloned();
        History {
            member: self.members.iter().find(|m| m.email == *email).cloned(),
            events: events.collect(),
        }
    }

    fn apply(&mut self, change: &Change) -> Done {
        match change {
            Change::SetGrant { member, to } => {
                let member = self.set(member.email.as_str(), to.clone(), ME);
                Done::GrantSet(Box::new(member))
            }
            Change::Restore { restoration, to } => {
                let removed = restoration.now.is_none();
                let mut back = restoration.now.clone().unwrap_or_else(|| {
                    let address = restoration.email.as_str();
                    let mut back = member(7, address, to.clone());
                    back.version = 0;
                    self.members.push(back.clone());
                    back
                });
                back = self.set(back.email.as_str(), to.clone(), "undo");
                Done::Restored {
                    member: Box::new(back),
                    removed,
                }
            }
            Change::Remove { member } => {
                self.members.retain(|m| m.user != member.user);
                self.record(REMOVED, member, (Some(&member.grant), None), ME);
                Done::MemberRemoved {
                    member: Box::new(member.clone()),
                    sessions_ended: 2,
                    invitations_cancelled: 1,
                }
            }
            Change::Invite { email, grant } => {
                let mut sent = invitation(0, email.as_str(), DeliveryState::Queued);
                sent.id = InvitationId(Uuid::from_u128(1000));
                sent.grant = grant.clone();
                self.invitations.insert(0, sent.clone());
                Done::InvitationSent(Box::new(sent))
            }
            Change::OfferOwnership { member } => Done::OwnershipOffered(Box::new(member.clone())),
            Change::EditInvitation { invitation, .. } => {
                Done::InvitationEdited(Box::new(invitation.clone()))
            }
            Change::ResendInvitation { invitation } => {
                Done::InvitationResent(Box::new(invitation.clone()))
            }
            Change::CancelInvitation { invitation } => {
                self.invitations.retain(|i| i.id != invitation.id);
                Done::InvitationCancelled(Box::new(invitation.clone()))
            }
        }
    }
}

/// Answers about the person's own.
fn own(effect: &Effect) -> Option<Message> {
    Some(match effect {
            Effect::MySessions(_) => Message::SessionsLoaded(Ok(sessions())),
            Effect::ShowSecondFactor(_) => Message::FactorShown(Ok(FactorState {
                enrolled: false,
                recovery_codes_left: 0,
            })),
            Effect::BeginSecondFactor(_) => Message::EnrolmentBegun(Ok(Enrolment {
                uri: "otpauth://totp/Rollbook:ada%40lovelace.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rollbook".into(),
                secret: "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ".into(),
            })),
            Effect::ConfirmSecondFactor(..) => {
                let code = |n: u32| format!("AAAA-BBBB-CCCC-DDDD-EEEE-222{}", 2 + n % 6).into();
                Message::FactorConfirmed(Ok((0..10).map(code).collect()))
            }
            Effect::ConfirmIdentity { .. } => Message::Proven(Ok(())),
        _ => return None,
    })
}

fn sessions() -> Vec<SessionSummary> {
    let session = |id: u128, source: &str, minutes: i64| SessionSummary {
        id: SessionId(Uuid::from_u128(id)),
        source: source.into(),
        created_at: now() - SignedDuration::from_hours(2),
        last_seen_at: now() - SignedDuration::from_mins(minutes),
        second_factor: false,
        account: Some("Lovelace Mills".into()),
    };
    vec![session(0, "192.0.2.7", 0), session(1, "198.51.100.23", 12)]
}

pub(crate) fn account(id: u128, name: &str) -> AccountSummary {
    AccountSummary {
        id: AccountId(Uuid::from_u128(id)),
        name: name.into(),
        members: 5,
        grant: Grant::owner(),
        ownership_offered: false,
        last_used: false,
    }
}

/// The same failure in the message that answers the effect.
fn refused(effect: &Effect, failure: Failure) -> Option<Message> {
    Some(match effect {
        Effect::Connect => Message::Connected(Err(failure)),
        Effect::ListMembers(list) => Message::MembersLoaded(list.place, Err(failure)),
        Effect::CountMembers(..) => Message::MembersCounted(Err(failure)),
        Effect::ListInvitations(_) => Message::InvitationsLoaded(Err(failure)),
        Effect::Apply(_, change, _) => Message::Changed(change.clone(), Err(failure)),
        Effect::SignIn { .. } => Message::SignedIn(Err(failure)),
        Effect::PreviewBulk(..) => Message::BulkPreviewed(Err(failure)),
        Effect::FindEverybody(..) => Message::EverybodyFound(Err(failure)),
        _ => return None,
    })
}

/// A console in memory.
pub(crate) struct Screen {
    pub(crate) world: World,
    pub(crate) model: Model,
    pub(crate) copied: Vec<String>,
    styles: Styles,
    now: Timestamp,
}

impl Screen {
    /// A console of this size, started and connected.
    pub(crate) fn start(world: World, (width, height): (u16, u16)) -> Self {
        let keymap = Keymap::parse(include_str!("../../../config/keymap.toml")).unwrap();
        let dark = include_str!("../../../config/themes/dark.toml");
        let ctx = Ctx {
            ahead: SignedDuration::ZERO,
            now: now(),
            zone: TimeZone::UTC,
            area: Rect::new(0, 0, width, height),
            keymap: Arc::new(keymap),
            catalogue: Arc::new(catalogue()),
            passwords: PasswordPolicy::default(),
            mail: Mail::Unknown,
            session: None,
            account: None,
        };
        let mut screen = Self {
            world,
            model: Model::new(ctx, Opening::default()),
            copied: Vec::new(),
            styles: Styles::parse(dark, Depth::Full).unwrap(),
            now: now(),
        };
        screen.perform(start());
        screen
    }

    /// The same, signed in.
    pub(crate) fn signed_in(world: World, size: (u16, u16)) -> Self {
        let email = world.members[world.me].email.as_str().to_owned();
        let mut screen = Self::start(world, size);
        screen.keys(&format!("{email} <tab> correct-horse-battery <enter>"));
        screen
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut waiting: VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            if let Effect::CopyText(text) = effect {
                self.copied.push(text);
                continue;
            }
            if let Some(message) = self.world.answer(effect) {
                waiting.extend(update(&mut self.model, message, self.now));
            }
        }
    }

    /// A message, and everything that follows from it.
    pub(crate) fn tell(&mut self, message: Message) {
        let effects = update(&mut self.model, message, self.now);
        self.perform(effects);
    }

    /// Types: words apart by spaces; `<enter>` and the like are keys, the rest is typed.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for word in keys.split_whitespace() {
            let named = word.strip_prefix('<').and_then(|w| w.strip_suffix('>'));
            match named {
                Some(name) => self.key(name),
                None => {
                    for c in word.chars() {
                        self.tell(Message::Input(Event::Key(KeyEvent::from(KeyCode::Char(c)))));
                    }
                }
            }
        }
        self
    }

    fn key(&mut self, name: &str) {
        assert!(Key::parse(name).is_some(), "{name} is no key");
        let (modifiers, name) = match name.strip_prefix("ctrl-") {
            Some(rest) => (KeyModifiers::CONTROL, rest),
            None => (KeyModifiers::NONE, name),
        };
        let code = match name {
            "enter" => KeyCode::Enter,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "esc" => KeyCode::Esc,
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "delete" => KeyCode::Delete,
            "backspace" => KeyCode::Backspace,
            "f1" => KeyCode::F(1),
            "f3" => KeyCode::F(3),
            other => KeyCode::Char(other.chars().next().unwrap()),
        };
        self.tell(Message::Input(Event::Key(KeyEvent::new(code, modifiers))));
    }

    /// A left click on the first place where `words` stand.
    pub(crate) fn click(&mut self, words: &str) -> &mut Self {
        let text = self.text();
        let (row, column) = text
            .lines()
            .enumerate()
            .find_map(|(row, line)| {
                let byte = line.find(words)?;
                Some((row, line.chars().take_while_at(byte)))
            })
            .unwrap_or_else(|| panic!("{words:?} is not on the screen:\n{text}"));
        self.tell(Message::Input(Event::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(row).unwrap(),
            modifiers: KeyModifiers::NONE,
        })));
        self
    }

    pub(crate) fn paste(&mut self, text: &str) -> &mut Self {
        self.tell(Message::Input(Event::Paste(text.to_owned())));
        self
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.tell(Message::Resized(Size::new(width, height)));
        self
    }

    /// Time passes; the model is woken when it asked for it.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        let end = self.now + SignedDuration::from_secs(seconds);
        while let Some(at) = self.model.next_tick().filter(|at| *at <= end) {
            self.now = at.max(self.now + SignedDuration::from_millis(1));
            self.tell(Message::Tick);
        }
        self.now = end;
        self
    }

    /// How long it would sleep if nothing happened.
    pub(crate) fn wakes_in(&self) -> SignedDuration {
        let at = self.model.next_tick();
        at.map_or(SignedDuration::MAX, |at| at.duration_since(self.now))
    }

    pub(crate) fn quits(&self) -> bool {
        self.model.phase == Phase::Quitting
    }

    fn buffer(&self) -> Buffer {
        let area = self.model.ctx.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        terminal
            .draw(|frame| view(&self.model, frame, (&self.styles, Charset::Unicode)))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// The characters on the screen.
    pub(crate) fn text(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for row in buffer.area.rows() {
            let mut line = String::new();
            for column in row.columns() {
                line.push_str(buffer[(column.x, row.y)].symbol());
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The characters, then the styles of every row by role: `3: 1-9 accent, 12-20 muted`.
    pub(crate) fn picture(&self) -> String {
        let buffer = self.buffer();
        let mut text = self.text();
        text.push_str("--- styles\n");
        for row in buffer.area.rows() {
            let mut runs: Vec<(u16, u16, String)> = Vec::new();
            for column in row.columns() {
                let cell = &buffer[(column.x, row.y)];
                let Some(role) = self.role(cell.style()) else {
                    continue;
                };
                match runs.last_mut() {
                    Some((_, end, last)) if *last == role && *end + 1 == column.x => {
                        *end = column.x;
                    }
                    _ => runs.push((column.x, column.x, role)),
                }
            }
            if !runs.is_empty() {
                let runs: Vec<String> = runs
                    .iter()
                    .map(|(from, to, role)| format!("{from}-{to} {role}"))
                    .collect();
                writeln!(text, "{}: {}", row.y, runs.join(", ")).unwrap();
            }
        }
        text
    }

    /// The role whose look a cell has; none for plain text.
    fn role(&self, style: Style) -> Option<String> {
        let look = |style: Style| {
            let plain = Style::reset();
            (
                style.fg.or(plain.fg),
                style.bg.or(plain.bg),
                style.add_modifier,
            )
        };
        let wanted = look(style);
        if wanted == look(Style::default()) {
            return None;
        }
        let roles = self.styles.roles();
        let found = roles.iter().find(|(_, role)| look(*role) == wanted);
        let mixed = || {
            let selected = self.styles.selected;
            roles
                .iter()
                .find(|(_, role)| look(selected.patch(*role)) == wanted)
        };
        Some(match found {
            Some((name, _)) => (*name).to_owned(),
            None => mixed().map_or_else(
                || format!("{wanted:?}"),
                |(name, _)| format!("selected+{name}"),
            ),
        })
    }
}

trait TakeWhileAt {
    fn take_while_at(self, byte: usize) -> usize;
}

impl TakeWhileAt for std::str::Chars<'_> {
    /// How many columns stand before a byte: no wide characters are clicked on in these tests.
    fn take_while_at(self, byte: usize) -> usize {
        self.as_str()
            .char_indices()
            .take_while(|(at, _)| *at < byte)
            .count()
    }
}
