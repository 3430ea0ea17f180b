//! Texts of the data, watch and try-it panels.

texts! {
    data: "Data", "数据";
    watch: "Watch", "观察";
    try_it: "Try it", "试一试";
}
