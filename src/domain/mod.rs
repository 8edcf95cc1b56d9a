//! The rules and the words of Rollbook: pure values and decisions.
//!
//! Nothing here does I/O, knows the time, or waits. The console greys out an action with the same
//! functions with which the service refuses it.

mod account;
mod actor;
mod bulk;
mod change;
mod display;
mod email;
mod event;
mod grant;
mod ids;
mod invitation;
mod login;
mod member;
mod merge;
mod password;
mod permission;
mod permission_set;
pub mod policy;
mod query;
pub mod roster;
mod second_factor;
mod token;
mod token_key;
mod undo;
mod verdict;

pub use account::{Account, AccountSummary};
pub use actor::{Actor, Origin, Standing, Who};
pub use bulk::{ManyAct, many_command};
pub use change::{Change, Current, GrantDiff};
pub use display::{DisplaySafe, columns, escaped_json, grouped};
pub use email::{Email, EmailError};
pub use event::{Event, EventDraft};
pub use grant::{Grant, Role};
pub use ids::{AccountId, CommandId, InvitationId, SessionId, UserId};
pub use invitation::{Delivery, DeliveryState, Invitation, InvitationStatus};
pub use login::{LoginAttempt, LoginMethod, SessionSummary};
pub use member::{Member, User};
pub use merge::{Contradiction, KeyRow, Side, ThreeWay};
pub use password::{PasswordFault, PasswordPolicy, Strength, prepare as prepare_password};
pub use permission::{Catalogue, CatalogueError, MEMBERS_MANAGE, MEMBERS_VIEW, Permission};
pub use permission_set::PermissionSet;
pub use query::{Count, Cursor, Direction, MemberQuery, Needle, Page, Position, Reach, Seek, Sort};
pub use roster::Roster;
pub use second_factor::{FactorSecret, RECOVERY_CODES, RecoveryCode};
pub use token::{InvitationToken, Secret256, TokenDigest};
pub use token_key::{KeyId, TokenKey, TokenKeys};
pub use undo::{CHANGED, Moment, Offer, REMOVED, Restoration};
pub use verdict::{Fate, Tally, Verdict};
