// Stands in for the package "long" in the bundle: it compiles a WebAssembly module at start (3 ms). Without
// it protobufjs reads 64-bit integers as numbers, and our codec refuses those beyond 2^53 either way.
module.exports = null;
