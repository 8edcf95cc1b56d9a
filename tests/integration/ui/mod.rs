//! Whole screens: keys through the real update, answers from a script, grid and styles compared.

mod conflicts;
mod flows;
mod lists;
mod many;
mod pictures;
