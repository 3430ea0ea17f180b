//! MTL Playground: the page.
