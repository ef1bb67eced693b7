#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make sip_hdr_hash.h from sip_hdr.def and the method names of sip_names.c: run in this folder after either changes.

    ./hdr_hash.py > sip_hdr_hash.h

A key is made of a name's first 8 bytes in lower case (shorter names: all of it, then spaces) and the four that end
with the colon behind it, which in front of a name of one letter begin with the line feed; the program looks for a multiplier under which no two keys fall into the same slot. tests/unit/sip/test_sip_fast.c fails when the
table is not the one of the .def file."""
import random
import re

MASK = (1 << 64) - 1
FOLD = 0x2020202020202020
HDR_BITS, METHOD_BITS = 10, 6


def word(text, fold):
    return int.from_bytes(text.encode().ljust(8, b"\0")[:8], "little") | (FOLD if fold else 0)


def search(keys, bits):
    rng = random.Random(3261)
    if len(set(keys)) != len(keys):
        raise SystemExit("two names have one key")
    while True:
        k = rng.getrandbits(64) | 1
        slots = [(key * k & MASK) >> (64 - bits) for key in keys]
        if len(set(slots)) == len(slots):
            return k, slots


def lines(bits, place, slots):
    """A table of the slots: for each the place of its row, the first place where there is none."""
    t = [place[0]] * (1 << bits)
    for row, slot in enumerate(slots):
        t[slot] = place[row + 1]
    return "".join("\t" + " ".join(f"{v}," for v in t[i:i + 16]) + "\n" for i in range(0, len(t), 16))


def headers():
    rows = []
    for m in re.finditer(r'^HDR\((\w+), "([^"]+)", (?:\'(.)\'|0), (\w+)\)', open("sip_hdr.def").read(), re.M):
        ident, name, compact, kind = m.groups()
        rows.append((name, ident, kind))
        if compact:
            rows.append((compact, ident, kind))
    keys = [(word(n[:8], True) + ((word(("\r\n" + n + ":")[-4:], True) & 0xffffffff) << 24)) & MASK
            for n, _, _ in rows]
    k, slots = search(keys, HDR_BITS)
    print(f"#define HDR_HASH_K    {k:#x}u\n#define HDR_HASH_BITS {HDR_BITS}\n")
    print("/* the place of the row, in bytes from the table's beginning; the rows stand behind */")
    body = lines(HDR_BITS, [1 << HDR_BITS + 1] + [(1 << HDR_BITS + 1) + 64 * (i + 1) for i in range(len(slots))], slots)
    print(f"static const struct {{\n\tuint16_t slot[{1 << HDR_BITS}];\n\tstruct hdr_key key[{len(rows) + 1}];")
    print("} hdr_table __attribute__((aligned(64))) = {{\n" + body + "}, {\n")
    print("/* folded, spaces behind; its first and last 8 bytes; length; id; 255 = at most one line */")
    print("\t{{0}},")
    for n, ident, kind in rows:
        first = word(n[:8], True)
        text = f'"{n.lower():32}"'
        print(f"\t{{{text}, {first:#018x}u, {word(n[-8:], True):#018x}u, {len(n)}, SIP_H_{ident}, {255 * (kind == 'SINGLE')}}},")
    print("}};\n")


def methods():
    names = re.findall(r'\[SIP_(\w+)\] = NAME\("(\w+)"\)', open("sip_names.c").read())
    keys = [(word(n, False) + (len(n) << 56)) & MASK for _, n in names]
    k, slots = search(keys, METHOD_BITS)
    print(f"#define METHOD_HASH_K    {k:#x}u\n#define METHOD_HASH_BITS {METHOD_BITS}\n")
    print(f"static const uint8_t method_slot[{1 << METHOD_BITS}] = {{\n" + lines(METHOD_BITS, range(len(slots) + 1), slots) + "};\n")
    print("/* first 8 bytes; length; enum sip_method */")
    print(f"static const struct method_key method_key[{len(names) + 1}] = {{\n\t{{0}},")
    for ident, n in names:
        print(f"\t{{{word(n, False):#018x}u, {len(n)}, SIP_{ident}}},")
    print("};\n")


print("/* SPDX-License-Identifier: Apache-2.0 */")
print("/* Made by hdr_hash.py from sip_hdr.def and sip_names.c; only sip_fast_word.h includes it. */")
print("/* clang-format off */\n#ifndef SIP_HDR_HASH_H\n#define SIP_HDR_HASH_H\n")
headers()
methods()
print("#endif")
