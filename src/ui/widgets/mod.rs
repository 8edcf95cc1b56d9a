//! Pieces of screen that know no domain word: text in, cells and hits out.

pub mod badge;
pub mod buttons;
pub mod checklist;
pub mod dialog;
pub mod fit;
pub mod form;
pub mod menu;
pub mod progress_bar;
pub mod qr;
pub mod table;
pub mod text_box;
pub mod text_input;
pub mod toast;
