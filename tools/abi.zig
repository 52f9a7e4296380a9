//! Prints src/native/abi.ts from csrc/abi.h, so that every offset and every signature is the compiler's own.
const std = @import("std");
const c = @import("c");

const enums = .{
    .{ "Status", "ARP_STATUS_" },        .{ "Type", "ARP_TYPE_" },     .{ "TypeValues", "ARP_TYPE_VALUES_" },
    .{ "TypeBytes", "ARP_TYPE_BYTES_" }, .{ "Source", "ARP_SOURCE_" }, .{ "Layout", "ARP_LAYOUT_" },
    .{ "Rows", "ARP_ROWS_" },            .{ "Op", "ARP_OP_" },         .{ "RopePairs", "ARP_ROPE_PAIRS_" },
    .{ "Flag", "ARP_FLAG_" },            .{ "Limit", "ARP_LIMIT_" },   .{ "TypeTileBits", "ARP_TYPE_TILE_BITS_" },
    .{ "AttentionWeights", "ARP_ATTENTION_" }, .{ "Rate", "ARP_RATE_" },
};
const structs = .{
    .{ "ErrorRecord", "arp_error" }, .{ "WeightRecord", "arp_weight" },    .{ "BufferRecord", "arp_buffer" },
    .{ "InstrRecord", "arp_instr" }, .{ "CacheShape", "arp_cache_shape" }, .{ "PlanShape", "arp_plan_shape" },
    .{ "FrameHeader", "arp_frame" },
};

pub fn main(init: std.process.Init) !void {
    @setEvalBranchQuota(4_000_000);
    var buffer: [4096]u8 = undefined;
    var out = std.Io.File.stdout().writer(init.io, &buffer);
    const w = &out.interface;
    try w.writeAll("// Generated from csrc/abi.h by `zig build abi`. Do not edit.\n");
    try w.print("\nexport const ABI_VERSION = {d};\nexport const NONE = {d};\n", .{ c.ARP_ABI_VERSION, c.ARP_NONE });
    const decls = @typeInfo(c).@"struct".decls;
    inline for (enums) |e| {
        try w.print("\nexport const {s} = {{\n", .{e[0]});
        inline for (decls) |d| {
            if (comptime belongs(d.name, e[1])) {
                try w.print("  {s}: {d},\n", .{ d.name[e[1].len..], @field(c, d.name) });
            }
        }
        try w.writeAll("} as const;\n");
    }
    inline for (structs) |s| {
        const T = @field(c, "struct_" ++ s[1]);
        try w.print("\nexport const {s} = {{\n  size: {d},\n", .{ s[0], @sizeOf(T) });
        inline for (@typeInfo(T).@"struct".fields) |f| {
            try w.writeAll("  ");
            try writeCamel(w, f.name);
            try w.print(": {d},\n", .{@offsetOf(T, f.name)});
        }
        try w.writeAll("} as const;\n");
    }
    try w.writeAll("\nexport const symbols = {\n");
    inline for (decls) |d| {
        if (comptime std.mem.startsWith(u8, d.name, "arp_") and @TypeOf(@field(c, d.name)) != type) {
            const f = @typeInfo(@TypeOf(@field(c, d.name))).@"fn";
            try w.print("  {s}: {{ parameters: [", .{d.name});
            inline for (f.params, 0..) |p, i| {
                try w.print("{s}\"{s}\"", .{ if (i == 0) "" else ", ", spelling(p.type.?) });
            }
            try w.print("], result: \"{s}\" }},\n", .{spelling(f.return_type.?)});
        }
    }
    try w.writeAll("} as const;\n");
    try w.flush();
}

/// The prefix, and no longer one that is also listed (ARP_TYPE_ against ARP_TYPE_BYTES_).
fn belongs(comptime name: []const u8, comptime prefix: []const u8) bool {
    if (!std.mem.startsWith(u8, name, prefix)) return false;
    inline for (enums) |e| {
        const longer = e[1].len > prefix.len and std.mem.startsWith(u8, e[1], prefix);
        if (longer and std.mem.startsWith(u8, name, e[1])) return false;
    }
    return true;
}

fn spelling(comptime T: type) []const u8 {
    return switch (@typeInfo(T)) {
        .pointer, .optional => "buffer",
        .int => |i| switch (i.bits) {
            32 => if (i.signedness == .signed) "i32" else "u32",
            else => @compileError("not in the ABI's alphabet"),
        },
        .float => "f64",
        else => @compileError("not in the ABI's alphabet"),
    };
}

/// snake_case to camelCase.
fn writeCamel(w: *std.Io.Writer, name: []const u8) !void {
    var upper = false;
    for (name) |ch| {
        if (ch != '_') try w.writeByte(if (upper) std.ascii.toUpper(ch) else ch);
        upper = ch == '_';
    }
}
