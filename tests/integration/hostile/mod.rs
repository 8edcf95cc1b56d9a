//! Hostile text: whatever stands in the database, on the wire or in a form, only plain text reaches
//! a terminal, a file, a mail or a page.

mod commands;
mod console;
mod corpus;
mod export;

mod letters;
mod listing;
mod lists;
mod pages;
mod plant;
mod stream;
mod widths;
