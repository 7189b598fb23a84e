from dataclasses import replace

import cv2
import numpy as np

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.publish.mqtt.picture import CoveredPictures
from tests.support.results import make_result


def test_faces_that_recognition_ignores_are_pixelated_in_the_picture() -> None:
    result = make_result(size=(300, 320))
    covered = replace(result, ignored=(Box(120, 100, 200, 210),))
    plain, picture = (
        cv2.imdecode(np.frombuffer(CoveredPictures().jpeg(each), np.uint8), cv2.IMREAD_GRAYSCALE)
        for each in (result, covered)
    )
    fine = [cv2.Laplacian(each[110:200, 130:190], cv2.CV_64F).std() for each in (plain, picture)]
    assert fine[1] < fine[0] / 4
