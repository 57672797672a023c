"""Writes the seeds of a fuzz target, small files made here and large ones of many equal parts: fuzz-seeds.py TARGET FOLDER."""
import struct
import sys
import zlib
from pathlib import Path


def exif(orientation=6):
    return b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0" + bytes([orientation, 0, 0, 0]) + b"\0" * 4


def segment(marker, payload=b""):
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def jpeg(progressive=False, extra=b"", scans=1):
    """8 x 8 grey: one code for DC and one for AC, both meaning nothing."""
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    for table in (0x00, 0x10):
        tables += segment(0xC4, bytes([table, 1]) + b"\0" * 15 + b"\0")
    frame = segment(0xC2 if progressive else 0xC0, struct.pack(">BHHBBBB", 8, 8, 8, 1, 1, 0x11, 0))
    start = b"\xff\xd8" + extra + tables + frame
    if not progressive:
        return start + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x3f\xff\xd9"
    data = segment(0xDA, b"\1\1\0\0\0\0") + b"\x7f"
    return start + data + (segment(0xDA, b"\1\1\0\1\x3f\0") + b"\x7f") * scans + b"\xff\xd9"


def chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(colour=2, bits=8, interlaced=0, extra=b""):
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = (b"\1" + b"\x55" * ((8 * samples * bits + 7) // 8)) * 8
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, colour, 0, 0, interlaced))
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b""
    rows = bytes(len(rows) + 64) if interlaced else rows
    return b"\x89PNG\r\n\x1a\n" + header + extra + palette + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")


def gif(extra=b"", more=b""):
    header = b"GIF89a\3\0\2\0\x81\0\0" + bytes(range(12))
    frame = b"\x2c\0\0\0\0\3\0\2\0\0\x08\x08\0\1\4\x10\x30\x40\x60\x40\0"
    return header + extra + frame + more + b";"


def riff(chunks):
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def webp(extra=b""):
    lossless = bytes.fromhex("5650384c140000002f010000000f700a8f2b78d463fe83430522fa1f")
    return riff(b"VP8X\x0a\0\0\0\x08\0\0\0\1\0\0\0\0\0" + extra + lossless + b"EXIF" + struct.pack("<I", 26) + exif())


def bmp(bits, size=40):
    row = (8 * bits + 31) // 32 * 4
    palette = bytes(range(4 * (1 << bits) % 1024)) if bits <= 8 else b""
    info = struct.pack("<IiiHHIIIIII", 40, 8, 8, 1, bits, 0, 0, 0, 0, 0, 0) if size == 40 else struct.pack("<IHHHH", 12, 8, 8, 1, bits)
    at = 14 + size + len(palette)
    return b"BM" + struct.pack("<IHHI", at + row * 8, 0, 0, at) + info + palette + b"\x5a" * (row * 8)


def tiff(compression=1, order="<", samples=3, strips=1, data=None, more=()):
    packed = {1: lambda raw: raw, 8: zlib.compress, 32773: lambda raw: b"".join(bytes([0, b]) for b in raw)}
    raw = b"\x55" * (8 * samples * (8 // strips))
    strip = data or packed.get(compression, lambda raw: raw)(raw)
    out = (b"II*\0" if order == "<" else b"MM\0*") + b"\0" * 4 + strip + b"\0" * (len(strip) % 2)
    offsets = len(out)
    out += struct.pack(order + "I", 8) * strips + struct.pack(order + "I", len(strip)) * strips
    short = lambda value: value if order == "<" else value << 16
    entries = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, short(8)), (259, 3, 1, short(compression))]
    entries += [(262, 3, 1, short(2 if samples == 3 else 1)), (273, 4, strips, 8 if strips == 1 else offsets)]
    entries += [(274, 3, 1, short(6)), (277, 3, 1, short(samples)), (278, 4, 1, 8 // strips)]
    entries += [(279, 4, strips, len(strip) if strips == 1 else offsets + 4 * strips), *more]
    out = out[:4] + struct.pack(order + "I", len(out)) + out[8:] + struct.pack(order + "H", len(entries))
    return out + b"".join(struct.pack(order + "HHII", *entry) for entry in sorted(entries)) + b"\0" * 4


def field(number, data):
    size, tag = len(data), number << 3 | 2
    varint = lambda value: bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])
    return varint(tag) + varint(size) + data


def onnx(tensors):
    return b"\x08\x08" + field(7, field(2, b"g") + tensors)


def tensor(location):
    return field(5, field(8, b"t") + field(13, field(1, b"location") + field(2, location)))


CONVOLUTION = b"[convolutional]\nbatch_normalize=1\nfilters=6\nsize=1\nactivation=leaky\n"
YOLO = b"[yolo]\nmask=0\nclasses=1\nanchors=8,8,9,9\n"


def darknet(layers, values=42):
    return b"[net]\nchannels=3\n" + layers + YOLO + b"\0" + struct.pack("<iiiq", 0, 2, 5, 0) + b"\0\0\x80\x3f" * values


def tflite(codes=1, operators=1, outputs=4):
    """A model with one kind of operator, TFLite_Detection_PostProcess; all offsets of a vector lead to one table."""
    out = bytearray(b"\0\0\0\0TFL3")

    def table(fields):
        at = len(out)
        out.extend(struct.pack("<HH", 4 + 2 * fields, 4 + 4 * fields) + struct.pack(f"<{fields}H", *range(4, 4 + 4 * fields, 4)))
        out.extend(struct.pack("<i", len(out) - at) + bytes(4 * fields))
        return len(out) - 4 * fields

    def vector(size):
        out.extend(struct.pack("<I", size) + bytes(4 * size))
        return len(out) - 4 * size - 4

    def point(at, to):
        struct.pack_into("<I", out, at, to - at)

    model = table(3)
    code_list, code = vector(codes), table(2)
    name = len(out)
    out.extend(struct.pack("<I", 28) + b"TFLite_Detection_PostProcess")
    graphs, graph = vector(1), table(4)
    op_list, op = vector(operators), table(3)
    numbers = vector(outputs)
    point(0, model - 4)
    point(model + 4, code_list)
    point(model + 8, graphs)
    point(code + 4, name)
    point(graphs + 4, graph - 4)
    point(graph + 8, numbers)
    point(graph + 12, op_list)
    point(op + 8, numbers)
    for list_at, size, to in ((code_list, codes, code - 4), (op_list, operators, op - 4)):
        for i in range(size):
            point(list_at + 4 + 4 * i, to)
    return bytes(out)


def seeds(target):
    app1 = segment(0xE1, b"Exif\0\0" + exif())
    if target == "jpeg":
        yield from (jpeg(), jpeg(True), jpeg(extra=app1), jpeg(True, scans=90), jpeg(extra=segment(0xDD, b"\0\1")))
        yield from (jpeg(extra=segment(marker) * 50_000) for marker in (0xE1, 0xE2, 0xFE, 0xDB))
        yield jpeg(extra=app1 * 2000)
    elif target == "png":
        yield from (png(colour) for colour in (0, 2, 3, 4, 6))
        yield from (png(2, 16), png(0, 1), png(6, 8, 1), png(extra=chunk(b"eXIf", exif())))
        for name in (b"tEXt", b"zTXt", b"sPLT", b"eXIf", b"abCd"):
            yield png(extra=chunk(name, b"a\0\0x\x9c") * 12_000)
    elif target == "gif":
        yield from (gif(), gif(b"\x21\xf9\4\1\0\0\1\0"), gif(b"\x21\xfe\1a\0" * 40_000), gif(b"", gif()[25:-1] * 9000))
    elif target == "webp":
        yield from (webp(), webp(b"ABCD\0\0\0\0" * 30_000), riff(webp()[30:58]))
    elif target == "bmp":
        yield from (bmp(1), bmp(4), bmp(8), bmp(24), bmp(32), bmp(24, 12))
    elif target == "tiff":
        yield from (tiff(), tiff(8), tiff(32773), tiff(1, ">"), tiff(samples=1), tiff(samples=1, strips=4))
        yield tiff(7, samples=1, data=jpeg())
        yield tiff(more=[(1000 + i, 4, 1, 7) for i in range(4000)])
        yield tiff(32773, samples=1, strips=8, data=b"\x80" * 200_000)
    elif target == "pnm":
        yield from (b"P1 2 2 1 0 0 1", b"P2 2 1 255 7 8", b"P3 1 1 255 1 2 3", b"P4 9 1\n\xaa\x80", b"P5 2 1 255\nab")
        yield from (b"P6 1 1 65535\nabcdef", b"P2\n" + b"#a\n" * 80_000 + b"1 1 255 7", b"P2 1 1 255 " + b"0" * 250_000)
    elif target == "exif":
        yield from (exif(), jpeg(extra=app1), webp(), jpeg(extra=segment(0xE1) * 50_000))
        yield b"MM\0*\0\0\0\x08\xff\xff" + b"\1\0\0\3\0\0\0\1\0\1\0\0" * 20_000
    elif target == "darknet":
        yield darknet(CONVOLUTION)
        yield darknet(CONVOLUTION + b"[route]\nlayers=-1,-1\ngroups=2\n[maxpool]\n[upsample]\nstride=2\n" + CONVOLUTION, 84)
        yield darknet(CONVOLUTION + b"[shortcut]\nfrom=-1\nactivation=mish\n[avgpool]\n[dropout]\n[sam]\nfrom=-1\n")
        yield darknet(CONVOLUTION + b"[dropout]\n" * 1900)
        yield darknet(b"".join(b"option%d=1\n" % i for i in range(20_000)) + CONVOLUTION)
        yield darknet(CONVOLUTION + b"[route]\ngroups=6\nlayers=" + b",".join([b"0"] * 250) + b"\n")
    elif target == "onnx":
        yield from (onnx(tensor(b"w.bin")), onnx(tensor(b"/etc/passwd")), onnx(tensor(b"w") * 9000))
        nested = tensor(b"w.bin")
        for _ in range(90):
            nested = field(1, field(5, field(6, nested)))
        yield onnx(nested)
    elif target == "tflite":
        yield from (tflite(), tflite(4000, 1, 900), tflite(1, 50_000, 900), tflite(60_000, 1, 4), tflite(1, 1, 60_000))


def main():
    target, folder = sys.argv[1], Path(sys.argv[2])
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number}").write_bytes(seed)


main()
