//! The registry of operations: every way into the service, each with the rule that lets somebody in.
//! The console, the pages, the commands and the worker have no other way to the data.

/// What lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Anybody: tells nothing of any account.
    Public,
    /// Whoever knows the secret of a password, a session or an invitation's link.
    Secret,
    /// A live session, for what is the user's own.
    Session,
    /// A member of the account; the operation shows each what is theirs.
    Member,
    /// A member who may view members, or the operator.
    View,
    /// A member whom [`crate::domain::policy::may`] allows the deed, judged under the account's lock.
    Deed,
    /// The operator of the installation.
    Operator,
    /// The installation itself: no person asks.
    Worker,
}

macro_rules! operations {
    ($($operation:ident, $name:literal, $policy:ident;)*) => {
        /// A use case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $($operation),* }

        impl Operation {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$operation),*];

            /// Its name in the audit log and in the record of commands.
            pub fn name(self) -> &'static str {
                match self { $(Self::$operation => $name),* }
            }

            /// Its rule.
            pub fn policy(self) -> Policy {
                match self { $(Self::$operation => Policy::$policy),* }
            }
        }
    };
}

operations! {
    Ready, "installation.ready", Public;
    Clock, "installation.clock", Public;
    NeedsSetup, "installation.needs_setup", Public;
    SetUp, "installation.set_up", Operator;
    CreateAccount, "account.create", Operator;
    ListAccounts, "account.list", Operator;
    ListUsers, "user.list", Operator;
    FindAccount, "account.find", Session;
    ReachableAccounts, "account.reachable", Session;
    EnterAccount, "account.enter", Member;
    SignIn, "session.sign_in", Secret;
    Resume, "session.resume", Secret;
    SignOut, "session.sign_out", Session;
    MyDetails, "profile.show", Session;
    RenameMyself, "profile.rename", Session;
    ChangePassword, "profile.change_password", Session;
    LoginLog, "profile.login_log", Session;
    MySessions, "session.list", Session;
    EndSession, "session.end", Session;
    SignOutEverywhere, "session.end_all", Session;
    StillIn, "session.still_in", Member;
    Watch, "account.watch", Member;
    ShowSecondFactor, "second_factor.show", Session;
    BeginSecondFactor, "second_factor.begin", Session;
    ConfirmSecondFactor, "second_factor.confirm", Session;
    RemoveSecondFactor, "second_factor.remove", Session;
    ConfirmIdentity, "session.prove", Session;
    RequireSecondFactor, "account.require_second_factor", Deed;
    ListMembers, "member.list", View;
    CountMembers, "member.count", View;
    LocateMember, "member.locate", View;
    ShowMember, "member.show", Member;
    PreviewRemoval, "member.preview_removal", Member;
    MemberHistory, "member.history", View;
    FindUndo, "member.find_undo", View;
    SetGrant, "member.set", Deed;
    AdjustGrant, "member.adjust", Deed;
    RemoveMember, "member.remove", Deed;
    RestoreMember, "member.restore", Deed;
    PreviewChanges, "member.preview_changes", View;
    ChangeMembers, "member.change_many", Deed;
    OfferOwnership, "member.offer_ownership", Deed;
    AcceptOwnership, "member.accept_ownership", Deed;
    ListInvitations, "invitation.list", View;
    SendInvitation, "invitation.send", Deed;
    PreviewImport, "invitation.preview_import", View;
    ImportInvitations, "invitation.import", Deed;
    ResendInvitation, "invitation.resend", Deed;
    CancelInvitation, "invitation.cancel", Deed;
    EditInvitation, "invitation.edit", Deed;
    RevealLink, "invitation.reveal", Deed;
    LookAtInvitation, "invitation.look", Secret;
    AcceptInvitation, "invitation.accept", Secret;
    RegisterAndAccept, "invitation.register", Secret;
    DeclineInvitation, "invitation.decline", Secret;
    ListEvents, "audit.list", View;
    ExportEvents, "audit.export", View;
    VerifyEvents, "audit.verify", View;
    ShowTokenKeys, "token_key.show", Operator;
    RenewAuditHeads, "token_key.renew_audit_heads", Operator;
    DropTokenKeys, "token_key.drop_retired", Operator;
    Deliver, "mail.deliver", Worker;
}
