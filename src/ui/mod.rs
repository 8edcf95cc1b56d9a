//! The console, an Elm loop. In reading order: `action` and `keymap` (what a key means), `message`
//! (what can happen), `model` (the state), `update` (message to model and effects), `effect` (the
//! world, through the service), `runtime` and `run` (tasks and terminal), `view` with `layout` and
//! `theme`, `frames` with `encoder` (what is drawn, on its way to the
//! terminal); then the parts: `screens`, `panes`, `modals`, `widgets`.
//!
//! `update` and `view` are synchronous and touch nothing but their arguments.

pub mod action;
mod ageing;
mod answers;
mod bulk;
mod changes;
pub mod effect;
mod encoder;
mod entering;
#[cfg(test)]
mod fixture;
mod frames;
pub mod keymap;
pub mod layout;
mod live;
mod main_screen;
pub mod message;
pub mod modals;
pub mod model;
mod outcomes;
mod own;
pub mod panes;
mod run;
mod runtime;
pub mod screens;
mod slots;
mod terminal;
pub mod theme;
pub mod times;
pub mod update;
pub mod view;
pub mod waiting;
pub mod widgets;
mod words;

pub use run::{Console, run};
