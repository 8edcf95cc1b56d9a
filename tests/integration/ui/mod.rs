//! Whole screens: keys through the real update, answers from a script, grid and styles compared.

mod flows;
mod pictures;
