//! Rollbook: the user-management console of a multi-tenant platform, in the terminal.
//!
//! | layer | what it is | may import |
//! | --- | --- | --- |
//! | [`domain`] | the rules and the words, pure | nothing |
//! | [`store`] | the database; the only SQL | domain |
//! | `mail` | letters and SMTP | domain |
//! | [`service`] | the use cases, each one transaction | domain, store, mail, clock |
//! | `ui` | the console, an Elm loop | domain; service only in `effect` and `runtime` |
//! | `web` | the acceptance pages | domain, service |
//! | `cli` | the commands; wires everything | all |
//!
//! The library exists for the binary and its tests; it promises no stable interface.

pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod mail;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod ui;
pub mod web;
