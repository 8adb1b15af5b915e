"""Language consistency: scripts, languages of one script, what has no language, and real English."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards.language.consistency import LANGUAGES, LanguageConsistency, language_consistency, without_notation
from grpokit.rewards.language.function_words import FUNCTION_WORDS
from grpokit.rewards.text import RewardError

SENTENCES = {
    "en": [
        "She buys three boxes and gives one of them to her neighbour.",
        "How many pages are left after the second day?",
        "Each ticket costs four dollars, but children pay half.",
        "There is no remainder, which means that the number is even.",
        "We know that both trains leave at noon.",
    ],
    "es": [
        "Ella compra tres cajas y regala una de ellas a su vecina.",
        "¿Cuántas páginas quedan después del segundo día?",
        "Cada entrada cuesta cuatro dólares, pero los niños pagan la mitad.",
        "No hay resto, lo que significa que el número es par.",
        "Sabemos que los dos trenes salen a mediodía.",
    ],
    "fr": [
        "Elle achète trois boîtes et en donne une à sa voisine.",
        "Combien de pages reste-t-il après le deuxième jour ?",
        "Chaque billet coûte quatre dollars, mais les enfants paient la moitié.",
        "Il n'y a pas de reste, ce qui signifie que le nombre est pair.",
        "Nous savons que les deux trains partent à midi.",
    ],
    "de": [
        "Sie kauft drei Kisten und schenkt eine davon ihrer Nachbarin.",
        "Wie viele Seiten bleiben nach dem zweiten Tag übrig?",
        "Jede Karte kostet vier Dollar, aber Kinder zahlen die Hälfte.",
        "Es gibt keinen Rest, was bedeutet, dass die Zahl gerade ist.",
        "Wir wissen, dass beide Züge am Mittag abfahren.",
    ],
    "it": [
        "Lei compra tre scatole e ne regala una alla sua vicina.",
        "Quante pagine restano dopo il secondo giorno?",
        "Ogni biglietto costa quattro dollari, ma i bambini pagano la metà.",
        "Non c'è resto, il che significa che il numero è pari.",
        "Sappiamo che entrambi i treni partono a mezzogiorno.",
    ],
    "pt": [
        "Ela compra três caixas e dá uma delas à sua vizinha.",
        "Quantas páginas restam depois do segundo dia?",
        "Cada bilhete custa quatro dólares, mas as crianças pagam metade.",
        "Não há resto, o que significa que o número é par.",
        "Sabemos que os dois comboios partem ao meio-dia.",
    ],
    "nl": [
        "Ze koopt drie dozen en geeft er een aan haar buurvrouw.",
        "Hoeveel bladzijden blijven er over na de tweede dag?",
        "Elk kaartje kost vier dollar, maar kinderen betalen de helft.",
        "Er is geen rest, wat betekent dat het getal even is.",
        "We weten dat beide treinen om twaalf uur vertrekken.",
    ],
    "sv": [
        "Hon köper tre lådor och ger en av dem till sin granne.",
        "Hur många sidor är kvar efter den andra dagen?",
        "Varje biljett kostar fyra dollar, men barn betalar hälften.",
        "Det finns ingen rest, vilket betyder att talet är jämnt.",
        "Vi vet att båda tågen går klockan tolv.",
    ],
    "da": [
        "Hun køber tre kasser og giver en af dem til sin nabo.",
        "Hvor mange sider er der tilbage efter den anden dag?",
        "Hver billet koster fire dollar, men børn betaler det halve.",
        "Der er ingen rest, hvilket betyder, at tallet er lige.",
        "Vi ved, at begge tog kører klokken tolv.",
    ],
    "pl": [
        "Kupuje trzy pudełka i jedno z nich daje swojej sąsiadce.",
        "Ile stron zostało po drugim dniu?",
        "Każdy bilet kosztuje cztery dolary, ale dzieci płacą połowę.",
        "Nie ma reszty, co oznacza, że liczba jest parzysta.",
        "Wiemy, że oba pociągi odjeżdżają w południe.",
    ],
    "tr": [
        "Üç kutu alıyor ve birini komşusuna veriyor.",
        "İkinci günden sonra kaç sayfa kaldı?",
        "Her bilet dört dolar, ama çocuklar yarısını öder.",
        "Kalan yok, bu da sayının çift olduğu anlamına gelir.",
        "İki trenin de öğlen kalktığını biliyoruz.",
    ],
    "vi": [
        "Cô ấy mua ba hộp và tặng một hộp cho hàng xóm.",
        "Sau ngày thứ hai còn lại bao nhiêu trang?",
        "Mỗi vé giá bốn đô la, nhưng trẻ em trả một nửa.",
        "Không có số dư, nghĩa là số đó chẵn.",
        "Chúng ta biết rằng cả hai tàu rời đi lúc trưa.",
    ],
    "id": [
        "Dia membeli tiga kotak dan memberikan satu kepada tetangganya.",
        "Berapa halaman yang tersisa setelah hari kedua?",
        "Setiap tiket harganya empat dolar, tetapi anak-anak membayar setengah.",
        "Tidak ada sisa, yang berarti bilangan itu genap.",
        "Kita tahu bahwa kedua kereta berangkat pada siang hari.",
    ],
    "ru": [
        "Она покупает три коробки и одну из них дарит соседке.",
        "Сколько страниц осталось после второго дня?",
        "Каждый билет стоит четыре доллара, но дети платят половину.",
        "Остатка нет, а это значит, что число чётное.",
        "Мы знаем, что оба поезда отправляются в полдень.",
    ],
    "uk": [
        "Вона купує три коробки й одну з них дарує сусідці.",
        "Скільки сторінок залишилося після другого дня?",
        "Кожен квиток коштує чотири долари, але діти платять половину.",
        "Остачі немає, а це означає, що число парне.",
        "Ми знаємо, що обидва потяги відходять опівдні.",
    ],
    "bg": [
        "Тя купува три кутии и подарява една от тях на съседката си.",
        "Колко страници остават след втория ден?",
        "Всеки билет струва четири долара, но децата плащат половината.",
        "Няма остатък, което означава, че числото е четно.",
        "Знаем, че и двата влака тръгват на обяд.",
    ],
    "hi": [
        "वह तीन डिब्बे खरीदती है और एक अपनी पड़ोसन को देती है।",
        "दूसरे दिन के बाद कितने पृष्ठ बचे हैं?",
        "हर टिकट की कीमत चार डॉलर है, लेकिन बच्चे आधा देते हैं।",
    ],
    "mr": [
        "ती तीन खोके विकत घेते आणि एक शेजारणीला देते.",
        "दुसऱ्या दिवसानंतर किती पाने उरली आहेत?",
        "प्रत्येक तिकिटाची किंमत चार डॉलर आहे, पण मुले अर्धे देतात.",
    ],
    "ar": [
        "تشتري ثلاث علب وتعطي واحدة منها إلى جارتها.",
        "كم صفحة تبقى بعد اليوم الثاني؟",
        "سعر كل تذكرة أربعة دولارات، لكن الأطفال يدفعون النصف.",
    ],
    "fa": [
        "او سه جعبه می خرد و یکی را به همسایه اش می دهد.",
        "بعد از روز دوم چند صفحه باقی مانده است؟",
        "قیمت هر بلیت چهار دلار است، اما بچه ها نصف می پردازند.",
    ],
    "zh": [
        "她买了三个盒子，把其中一个送给邻居。",
        "第二天之后还剩下多少页？",
        "每张票四美元，但孩子只付一半。",
    ],
    "ja": [
        "彼女は箱を三つ買い、一つを隣の人にあげます。",
        "二日目の後、何ページ残っていますか。",
        "切符は一枚四ドルですが、子供は半額です。",
    ],
    "ko": [
        "그녀는 상자 세 개를 사서 하나를 이웃에게 준다.",
        "둘째 날이 지나면 몇 쪽이 남습니까?",
    ],
    "el": [
        "Αγοράζει τρία κουτιά και δίνει ένα στη γειτόνισσα.",
    ],
    "he": [
        "היא קונה שלוש קופסאות ונותנת אחת לשכנה.",
    ],
    "th": [
        "เธอซื้อกล่องสามใบและให้เพื่อนบ้านหนึ่งใบ",
    ],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_each_sentence_is_in_its_own_language_and_in_no_other(language: str) -> None:
    for other in SENTENCES:
        values = LanguageConsistency(other)(completions=SENTENCES[language])
        for sentence, value in zip(SENTENCES[language], values, strict=True):
            assert value is not None
            assert value >= 0.9 if other == language else value <= 0.5, (other, sentence, value)


NOTHING_LEFT = [
    "",
    "42",
    "$x^2 - 5x + 6 = 0$",
    r"\[ \text{area} = 4 \]",
    r"\begin{align} a &= \text{eggs} \end{align}",
    "```python\nfor egg in eggs:\n    pass\n```",
    "`eggs.pop()`",
    "x = 5, y = 7",
    "<think></think>",
    "https://example.org/eggs",
]


@pytest.mark.parametrize("text", NOTHING_LEFT)
@pytest.mark.parametrize("language", ["en", "zh", "ru"])
def test_what_has_no_language_is_not_punished(text: str, language: str) -> None:
    judged = LanguageConsistency(language).explain(completions=[text])[0]
    assert (judged.value, judged.status) == (1.0, "no language")


MIXED = [
    # text, language, lowest, highest
    ("The word español means Spanish, and this sentence is in English.", "es", 0.0, 0.0),  # a marker word
    ("The word español means Spanish, and this sentence is in English.", "en", 0.95, 1.0),
    ("18 dollars", "en", 1.0, 1.0),  # nothing speaks against it
    ("The eggs are sold. 所以农场每天一共卖出十八个鸡蛋。", "en", 0.2, 0.6),
    ("The eggs are sold. 所以农场每天一共卖出十八个鸡蛋。", "zh", 0.4, 0.8),
    ("The eggs are sold at the market. Und der Rest wird von ihr gegessen.", "en", 0.4, 0.6),
    ("设 x 为鸡蛋数，则 $x = 16 - 3$，重 13kg。", "zh", 1.0, 1.0),  # variables and units are no foreign words
    ("It costs $5 and she pays $10 for the rest.", "en", 1.0, 1.0),  # dollars are no mathematics
    ("東京大学です。合計。", "ja", 1.0, 1.0),  # kana speak for the clause without any
    # Finnish has no word list here, and is still not English.
    (
        "Hän osti kolme laatikkoa ja antoi yhden niistä naapurilleen, koska hänellä ei ollut tilaa.",
        "en",
        0.0,
        0.0,
    ),
]


@pytest.mark.parametrize(("text", "language", "low", "high"), MIXED)
def test_share(text: str, language: str, low: float, high: float) -> None:
    value = LanguageConsistency(language)(completions=[text])[0]
    assert value is not None
    assert low <= value <= high


def test_a_text_with_a_function_word_in_fewer_than_twelve_is_in_no_known_language() -> None:
    """Of the words beyond ten, 8 % must be function words: 40 of 510 are, 40 of 511 are not."""
    others = set().union(*(words for language, words in FUNCTION_WORDS.items() if language != "en"))
    english = sorted(word for word in FUNCTION_WORDS["en"] - others if len(word) > 1)[:40]
    strange = ["".join(letters) for letters in product("bdfgk", repeat=4)][:471]
    known, unknown = " ".join(english), " ".join(strange)
    shorter = unknown.rpartition(" ")[0]
    values = language_consistency(completions=[f"{known}. {shorter}.", f"{known}. {unknown}."])
    assert values == [1.0, pytest.approx(40 / 511)]


def test_notation_goes_and_prose_stays() -> None:
    assert without_notation(r"So \(x\) costs $5, then $6$ and `code` <b>stay</b>").split() == [
        "so", "costs", "$5,", "then", "and", "stay"
    ]  # fmt: skip


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(RewardError, match="en, es"):
        LanguageConsistency("english")
    assert {"en", "zh", "ja", "ko", "ru", "ar", "he", "hi", "el", "th", "uk"} <= set(LANGUAGES)


def _replies(message: dict[str, Any]) -> Iterator[str]:
    if message["role"] == "assistant":
        yield message["text"]
    for reply in message["replies"]:
        yield from _replies(reply)


def test_real_english_is_english(shared: Path) -> None:
    lines = (shared / "data/oasst/en_100_tree.jsonl").read_text().splitlines()
    replies = [text for line in lines for text in _replies(json.loads(line)["prompt"])]
    values = language_consistency(completions=replies)
    assert len(values) > 600
    assert sum(value is not None and value >= 0.9 for value in values) / len(values) > 0.99
