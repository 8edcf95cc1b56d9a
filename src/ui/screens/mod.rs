//! What fills the terminal before the main screen: sign-in, first run, account choice.

/// Address and password.
#[derive(Debug, Default)]
pub struct SignIn;

/// Creates the first account and its owner.
#[derive(Debug, Default)]
pub struct FirstRun;

/// Which of several accounts.
#[derive(Debug, Default)]
pub struct ChooseAccount;
