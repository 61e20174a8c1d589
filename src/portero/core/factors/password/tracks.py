"""Long passwords that many people have: tracks over a keyboard, and sentences that everybody knows.

What an estimate of guesses takes for strong, because no dictionary that it has holds it whole: of
the most used passwords of 15 characters and more, these are what is left.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import Final

# A shorter piece of a track is nothing that anybody would recognise in a password.
_SHORTEST: Final = 6
# Nor is the beginning of a sentence that is shorter than this.
_BEGINNING: Final = 12
_ROWS: Final = (
    ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm"),
    ("1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn"),
)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "1234567890"
# Letters alone, as they are compared. A piece of one that begins with it is one too.
_SENTENCES: Final = """
aboveallelse abrakadabraalakazam actionsspeaklouderthanwords allforoneandoneforall
allyouneedislove alwayslookonthebrightsideoflife amazinggracehowsweetthesound
anappleadaykeepsthedoctoraway areyoukiddingme askanditshallbegiven beautifulgirl
becarefulwhatyouwishfor bettersafethansorry bohemianrhapsody bornintheusa bornthisway breakingbad
californiadreaming callmemaybe carpediemquamminimumcredula catcherintherye catchmeifyoucan
changemeplease charlieandthechocolatefactory cogitoergosum colorlessgreenideassleepfuriously
comeasyouare correcthorsebatterystaple dancingqueen dontcrybecauseitsover dontforgetmypassword
dontforgetthepassword dontpanic dontstopbelieving dontworrybehappy
eternalsunshineofthespotlessmind everybodylovesraymond fearandloathing flymetothemoon
followyourdreams forgetmenot forgotmypassword fourscoreandsevenyearsago gameofthrones
getrichordietryin givepeaceachance godblessamerica godisgood godsavethequeen goodmorningvietnam
happilyeverafter happybirthday happybirthdaytoyou harrypotterandthephilosophersstone
heretodaygonetomorrow highwaytohell hotelcalifornia houseofcards howimetyourmother iambatman
iamironman iamtheone iamthewalrus iamyourfather icandoit icanhazpassword idontcare idontknow
idontknowmypassword idontwanttomissathing iforgotmypassword ihatepasswords ihatethispassword
illbeback illbethereforyou iloveyouforever iloveyousomuch iloveyouverymuch ilovemydaughter
ilovemyfamily ilovemyhusband ilovemymother ilovemyself ilovemywife imissyou
inthebeginningwastheword isolemnlyswearthatiamuptonogood itsasmallworldafterall itsabeautifulday
jesuischarlie jesusischrist jesusislord jesuslovesme jesussaves justdoit keepcalmandcarryon
killingmesoftly knockingonheavensdoor lamborghinigallardo letitbeletitbe letitsnowletitsnow
letmeinplease letmeinrightnow lifeisbeautiful lifeisgood lifeislikeaboxofchocolates linkinpark
liveandletdie livelaughlove livelongandprosper longlivetheking lordoftherings lordofthedance
loremipsumdolorsitametconsectetur loveisallyouneed lovewillfindaway manchesterunited
maythefourthbewithyou maytheforcebewithyou metallicanothingelsematters mypasswordis
mypasswordispassword mypasswordissecret myverylongpassword mysecretpassword nevergonnagiveyouup
neversaynever newpassword nobodyknows nothingelsematters nosoupforyou onceuponatime
onelovelifetime onering onetwothreefourfivesixseveneightnineten openthedoor opensesame
ourfatherwhoartinheaven passwordforthis passwordispassword paulmccartney piratesofthecaribbean
pleaseletmein pleasedonthackme playstation qwertyisnotapassword rememberme rollingstones
romeoandjuliet saynotodrugs secretpassword shakeitoff sherlockholmes shewillbeloved
singinintherain smellsliketeenspirit somewhereovertherainbow spongebobsquarepants
stairwaytoheaven starwarsepisode strawberryfieldsforever stayhungrystayfoolish
supercalifragilisticexpialidocious superpassword sweetchildofmine sweethomealabama thebeatles
thebigbangtheory thecakeisalie thegreatgatsby thelordismyshepherd theonlywayisup thepassword
thequickbrownfoxjumpsoverthelazydog therecanbeonlyone theresnoplacelikehome thesimpsons
thesoundofsilence thisisapassword thisisasecret thisismynewpassword thisismypassword
thisisnotapassword thisisthelongestpassword thisisthepassword tobeornottobethatisthequestion
tooshort toinfinityandbeyond twinkletwinklelittlestar underthebridge veryveryvery walkingdead
wearethechampions wethepeople welcometothejungle whatdoesthefoxsay whatisthepassword whataboutme
whatthefuck wherethewildthingsare whitechristmas whoisthis wonderfulworld
wouldyoulikefrieswiththat yesterdayallmytroubles youaremysunshine youaretheone youcandoit
youcanthandlethetruth youllneverwalkalone youonlyliveonce youshallnotpass ichliebedich
ichliebedichmeinschatz meinpasswort passwortvergessen jetaime jetaimemonamour motdepasse
teamomucho tequieromucho micontrasena contrasenasegura minhasenha euteamo
""".split()  # noqa: SIM905  # a page of words is easier to read than one of quotes


@cache
def _tracks() -> tuple[str, ...]:
    """Ways over the keyboard that somebody can go on with for as long as a form asks."""
    found = ["0123456789" * 3, "1357924680" * 3, "1029384756" * 3, _LETTERS * 2, "zyx" * 9]
    for digits, upper, middle, lower in _ROWS:
        columns = list(zip(digits, upper, middle, lower, strict=False))
        down = ["".join(column) for column in columns]
        snake = "".join(each[::-1] if n % 2 else each for n, each in enumerate(down))
        reverse = "".join(each if n % 2 else each[::-1] for n, each in enumerate(down))
        found += ["".join(down), snake, reverse]
        found += [upper + middle + lower, digits + upper + middle + lower, middle + upper + lower]
        found += [_between(digits, upper), _between(upper, middle), _between(middle, lower)]
        quarters = [row[:4] for row in (digits, upper, middle, lower)]
        found += ["".join(quarters), "".join(reversed(quarters))]
    found += [_between(_DIGITS, _LETTERS), _between(_LETTERS, _DIGITS)]
    found += [_between(line, line) for line in (_DIGITS, _LETTERS, *_ROWS[0][1:])]
    found += ["".join(char * 3 for char in line) for line in (_DIGITS, _LETTERS)]
    # Twice over, so that one may begin anywhere; and from its end.
    return tuple(chain.from_iterable((each * 2, (each * 2)[::-1]) for each in found))


def _between(one: str, other: str) -> str:
    return "".join(chain.from_iterable(zip(one, other, strict=False)))


def is_well_trodden(text: str) -> bool:
    """Whether it is one piece of a track, or a sentence that everybody knows, whatever its case,
    the signs between its words, and the figures behind it."""
    bare = "".join(filter(str.isalnum, text.casefold()))
    if len(bare) >= _SHORTEST and any(bare in track for track in _tracks()):
        return True
    words = bare.strip("0123456789")
    if words in _SENTENCES:
        return True
    return len(words) >= _BEGINNING and any(each.startswith(words) for each in _SENTENCES)
