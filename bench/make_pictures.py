"""Makes the pictures of the benchmark from photos: python make_pictures.py PHOTOS FOLDER

For each photo and format FOLDER gets <format>-<n>.<ext>. A photo is cut to 16:9, scaled, and given the faint noise that a
camera's sensor has; without it an enlarged photo would be smaller and quicker to decode than a camera's frame.
"""

import pathlib
import sys

import cv2
import numpy

PHOTOS = [
    "bird_5mp.jpg",
    "cat_1080p.jpg",
    "dog_bike_car.jpg",
    "driveway_person_car.jpg",
    "kites_beach.jpg",
    "traffic_jam.jpeg",
    "warehouse_camera.jpg",
    "yard_camera_dog.jpg",
]
# JPEG as cameras write it (4:2:0, quality 85); PNG as the newest client uploads it: OpenCV's defaults.
FORMATS = {
    "jpeg720": (1280, 720, ".jpg"),
    "jpeg1080": (1920, 1080, ".jpg"),
    "jpeg2160": (3840, 2160, ".jpg"),
    "png1080": (1920, 1080, ".png"),
}
SETTINGS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 85], ".png": []}


def cut(photo):
    height, width = photo.shape[:2]
    if width * 9 > height * 16:
        side = height * 16 // 9
        left = (width - side) // 2
        return photo[:, left : left + side]
    side = width * 9 // 16
    top = (height - side) // 2
    return photo[top : top + side]


def frame(photo, width, height):
    scaled = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    noise = numpy.random.default_rng(1).normal(0, 2, scaled.shape)
    return numpy.clip(scaled + noise, 0, 255).astype(numpy.uint8)


def main(photos, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(PHOTOS):
        photo = cv2.imread(str(photos / name), cv2.IMREAD_COLOR)
        if photo is None:
            sys.exit(f"make_pictures: {photos / name} cannot be read")
        for key, (width, height, extension) in FORMATS.items():
            _, data = cv2.imencode(extension, frame(cut(photo), width, height), SETTINGS[extension])
            (folder / f"{key}-{number}{extension}").write_bytes(data.tobytes())


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
