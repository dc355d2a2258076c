"""The markets that the shop sells to: names, places and telephone numbers of made-up people.

British and American numbers come from the ranges that their regulators keep free for fiction (Ofcom; 555-0100 to
555-0199). China, Brazil and Portugal keep none, so theirs are valid numbers in blocks of zeros.
"""

import unicodedata
from collections.abc import Callable

import msgspec


class Name(msgspec.Struct, frozen=True):
    """Hold a name as written, and in plain Latin letters."""

    text: str
    latin: str


class City(msgspec.Struct, frozen=True):
    name: str
    region: str
    postal_prefix: str


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a market. `share` is in percent of customers, `price_factor` turns a price in pounds into one in `currency`."""

    locale: str
    country: str
    currency: str
    share: int
    price_factor: float
    given_names: tuple[Name, ...]
    family_names: tuple[Name, ...]
    family_first: bool = False
    cities: tuple[City, ...]
    postal_code: str
    street: str
    company: str
    phone: Callable[[int], str]

    @property
    def language(self) -> str:
        return self.locale[:2]

    def full_name(self, given: Name, family: Name) -> str:
        return f"{family.text}{given.text}" if self.family_first else f"{given.text} {family.text}"


def _latin(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalpha())


def _names(text: str) -> tuple[Name, ...]:
    pairs = (word.partition("=") for word in text.split())
    return tuple(Name(written, latin or _latin(written)) for written, _, latin in pairs)


def _cities(text: str) -> tuple[City, ...]:
    return tuple(City(*(part.strip() for part in city.split(","))) for city in text.split(";"))


FICTIONAL_BRITISH = (
    *("2079460", "1134960", "1144960", "1164960", "1174960", "1184960", "1214960"),
    *("1314960", "1414960", "1514960", "1614960", "1914980", "2896496", "2920180"),
)
AMERICAN_AREAS = (
    *("212", "415", "312", "206", "512", "617", "305", "202", "303", "404", "201", "203", "208", "210", "213", "214", "215"),
    *("216", "217", "218", "219", "224", "225", "228", "229", "231", "234", "239", "240", "248", "251", "252", "253", "254"),
    *("256", "260", "262", "267", "269", "270", "272", "274", "276", "281", "301", "302", "304", "307", "308", "309"),
)


def _british(n: int) -> str:
    return f"+44{FICTIONAL_BRITISH[n % len(FICTIONAL_BRITISH)]}{n // len(FICTIONAL_BRITISH):03d}"


def _american(n: int) -> str:
    return f"+1{AMERICAN_AREAS[n % len(AMERICAN_AREAS)]}55501{n // len(AMERICAN_AREAS):02d}"


def _chinese(n: int) -> str:
    return f"+86{('139', '155', '186')[n % 3]}{n // 3:08d}"


def _brazilian(n: int) -> str:
    return f"+55{('11', '21', '31', '41', '51', '71')[n % 6]}90{n // 6:07d}"


def _portuguese(n: int) -> str:
    return f"+351{('910', '930', '960')[n % 3]}{n // 3:06d}"


_ENGLISH_GIVEN = _names(
    "Oliver Grace Amelia Jack Isla Harry Ava Noah Freya Leo Mia Arthur Poppy Oscar Ella Theo Ruby Henry Alice Thomas "
    "Lucy James Chloe Daniel Sophie Samuel Hannah Joseph Zoe Adam"
)
_PORTUGUESE_GIVEN = _names(
    "João Maria José Ana Luís Beatriz António Mariana Gonçalo Inês Tiago Letícia Rafael Camila Lucas Júlia Mateus "
    "Fernanda Bruno Patrícia Vinícius Larissa Caio Débora André Simone"
)
_PORTUGUESE_FAMILY = _names(
    "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins Carvalho Araújo "
    "Gonçalves Barbosa Cardoso Teixeira Conceição Magalhães Guimarães"
)

UNITED_KINGDOM = Market(
    locale="en-GB",
    country="GB",
    currency="GBP",
    share=22,
    price_factor=1.0,
    given_names=_ENGLISH_GIVEN,
    family_names=_names(
        "Bennett Walker Hughes Turner Cooper Morris Ward Foster Bailey Reid Murphy Khan Patel Doyle Barker Holmes Fox Lloyd "
        "O'Neill Shaw"
    ),
    cities=_cities(
        "London, England, SW1A; Leeds, England, LS1; Bristol, England, BS1; Manchester, England, M1; Edinburgh, Scotland, EH1; "
        "Glasgow, Scotland, G1; Cardiff, Wales, CF10; Belfast, Northern Ireland, BT1"
    ),
    postal_code="{prefix} 1AA",
    street="{number} Station Road",
    company="{family} Trading Ltd",
    phone=_british,
)

UNITED_STATES = Market(
    locale="en-US",
    country="US",
    currency="USD",
    share=15,
    price_factor=1.25,
    given_names=_ENGLISH_GIVEN,
    family_names=_names(
        "Johnson Williams Brown Garcia Miller Davis Martinez Wilson Anderson Taylor Moore Jackson Lee Thompson White Harris "
        "Lewis Robinson"
    ),
    cities=_cities(
        "New York, NY, 100; San Francisco, CA, 941; Chicago, IL, 606; Seattle, WA, 981; Austin, TX, 787; Boston, MA, 021; "
        "Miami, FL, 331; Denver, CO, 802"
    ),
    postal_code="{prefix}{n}",
    street="{number} Maple Avenue",
    company="{family} Supply Inc.",
    phone=_american,
)

CHINA = Market(
    locale="zh-CN",
    country="CN",
    currency="CNY",
    share=28,
    price_factor=9.0,
    given_names=_names(
        "伟=wei 芳=fang 娜=na 敏=min 静=jing 强=qiang 磊=lei 洋=yang 艳=yan 勇=yong 军=jun 杰=jie 娟=juan 涛=tao 明=ming "
        "超=chao 秀英=xiuying 霞=xia 平=ping 桂英=guiying 子轩=zixuan 雨桐=yutong 浩然=haoran 思琪=siqi 佳怡=jiayi 俊杰=junjie"
    ),
    family_names=_names(
        "王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 黄=huang 赵=zhao 吴=wu 周=zhou 徐=xu 孙=sun 马=ma 朱=zhu 胡=hu 郭=guo "
        "何=he 林=lin 高=gao 罗=luo 欧阳=ouyang"
    ),
    family_first=True,
    cities=_cities(
        "北京市, 北京市, 1000; 上海市, 上海市, 2000; 广州市, 广东省, 5100; 深圳市, 广东省, 5180; 杭州市, 浙江省, 3100; "
        "成都市, 四川省, 6100; 武汉市, 湖北省, 4300; 西安市, 陕西省, 7100"
    ),
    postal_code="{prefix}{n}",
    street="人民路{number}号",
    company="{family}氏科技有限公司",
    phone=_chinese,
)

BRAZIL = Market(
    locale="pt-BR",
    country="BR",
    currency="BRL",
    share=25,
    price_factor=7.0,
    given_names=_PORTUGUESE_GIVEN,
    family_names=_PORTUGUESE_FAMILY,
    cities=_cities(
        "São Paulo, SP, 01310; Rio de Janeiro, RJ, 20040; Belo Horizonte, MG, 30130; Curitiba, PR, 80020; "
        "Porto Alegre, RS, 90010; Salvador, BA, 40020; Brasília, DF, 70040; Recife, PE, 50030"
    ),
    postal_code="{prefix}-0{n}",
    street="Rua das Flores, {number}",
    company="{family} Comércio Ltda",
    phone=_brazilian,
)

PORTUGAL = Market(
    locale="pt-PT",
    country="PT",
    currency="EUR",
    share=10,
    price_factor=1.15,
    given_names=_PORTUGUESE_GIVEN,
    family_names=_PORTUGUESE_FAMILY,
    cities=_cities("Lisboa, Lisboa, 1100; Porto, Porto, 4000; Coimbra, Coimbra, 3000; Braga, Braga, 4700; Faro, Faro, 8000"),
    postal_code="{prefix}-0{n}",
    street="Rua da Liberdade, {number}",
    company="{family} & Filhos, Lda.",
    phone=_portuguese,
)

MARKETS = (UNITED_KINGDOM, UNITED_STATES, CHINA, BRAZIL, PORTUGAL)

CAPACITY = 20_000
"""Customers for whom the smallest range of numbers (America's, 5,000) lasts, so that no phone is shared by accident."""
