//! Journeys of people through the real programs.

mod browser;
mod canary;
mod conflict;
mod console;
mod hangup;
mod identity;
mod list;
mod live;
mod many;
mod outage;
