// An entry point that calls a function once per number. Threads, the count and the name are put in by `kernels.rs`.
@compute @workgroup_size(THREADS)
fn ENTRY(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = COUNT;
    for (var i = id.x; i < n; i += groups.x * THREADSu) {
        ENTRY_at(z, i);
    }
}
