//! The components of the page. Each panel is a component without properties that reads [`crate::state`].

pub mod app;
pub mod canvas;
pub mod charts;
pub mod data;
pub mod dialog;
pub mod documents;
pub mod elements;
pub mod form;
pub mod gallery;
pub mod help;
pub mod histogram;
pub mod icon;
pub mod insight;
pub mod inspector;
pub mod menu;
pub mod run_bar;
pub mod shortcuts;
pub mod splitter;
pub mod tabs;
pub mod toasts;
pub mod top_bar;
pub mod train;
pub mod try_it;
pub mod watch;
