# SPDX-License-Identifier: MIT
"""The package list is complete, and alternatives are chosen by what can be installed."""
import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import deps


class Deps(unittest.TestCase):
    def test_every_package_says_what_it_is_for(self):
        for p in deps.load():
            for key in ("names", "purpose", "licence", "for"):
                self.assertTrue(p.get(key), f"{p['names']}: no {key}")
            self.assertLessEqual(set(p["for"]), set(deps.INCLUDES))

    def test_tests_need_what_a_run_needs(self):
        packages = deps.load()
        run = [p["names"] for p in deps.wanted(packages, "run")]
        test = [p["names"] for p in deps.wanted(packages, "test")]
        self.assertTrue(all(n in test for n in run))

    def test_the_first_alternative_that_exists_is_taken(self):
        with mock.patch.object(deps, "candidates", return_value={"b": "1", "c": "1"}):
            packages = [{"names": ["a", "b", "c"]}, {"names": ["d"]}]
            self.assertEqual(deps.choose(packages), (["b"], [packages[1]]))

    def test_the_alternative_of_the_compilers_version_is_taken(self):
        packages = [{"names": ["rt-14-dev", "rt-18-dev", "rt-19-dev"], "follows": "cc"}]
        for known, chosen in (({"rt-18-dev": "1:18.1", "rt-19-dev": "1:19.1", "cc": "1:19.0-63"}, "rt-19-dev"),
                              ({"rt-14-dev": "1:14.0", "cc": "1:14.0-55"}, "rt-14-dev"), ({"rt-18-dev": "1:18.1"}, "rt-18-dev")):
            with mock.patch.object(deps, "candidates", return_value=known):
                self.assertEqual(deps.choose(packages), ([chosen], []))

    def test_an_installed_alternative_is_enough(self):
        with mock.patch.object(deps, "installed", return_value={"b"}):
            packages = [{"names": ["a", "b"]}, {"names": ["d"]}]
            self.assertEqual(deps.missing(packages), [packages[1]])


if __name__ == "__main__":
    unittest.main()
