//! Journeys of people through the real programs.

mod browser;
mod console;
