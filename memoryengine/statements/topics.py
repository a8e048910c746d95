"""Topics that statements share without sharing words: guitar and jazz are both music."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from memoryengine.text import terms
from memoryengine.values import Language

from .chinese_words import plain

_TABLE = """
    music / 音乐: music guitar piano violin cello drums flute saxophone trumpet ukulele jazz rock pop hip-hop opera
        symphony concert band orchestra choir sing singing singer song songs album vinyl playlist karaoke melody bass
        composer
        | 音乐 吉他 钢琴 小提琴 大提琴 古筝 二胡 笛子 萨克斯 鼓 爵士 摇滚 流行歌 民谣 古典乐 交响乐 歌剧 演唱会 音乐会
        乐队 乐器 唱歌 歌 歌手 专辑 唱片 合唱 作曲
    sports / 运动: sport sports football soccer basketball tennis badminton volleyball baseball golf swimming swim
        running run jogging marathon cycling bike hiking climbing skiing skating surfing yoga pilates gym boxing rugby
        hockey fitness workout triathlon rowing
        | 运动 足球 篮球 网球 羽毛球 乒乓球 排球 高尔夫 游泳 跑步 慢跑 马拉松 骑行 骑车 徒步 爬山 登山 攀岩 滑雪 滑冰
        冲浪 瑜伽 健身 拳击 太极 跳绳
    food / 饮食: food eat eating meal dinner lunch breakfast restaurant pizza pasta sushi ramen noodles rice bread
        cheese chocolate dessert vegetarian vegan spicy coffee tea wine beer fruit vegetables meat fish seafood soup
        salad curry steak cuisine dumplings
        | 美食 食物 吃 菜 火锅 面条 米饭 饺子 寿司 披萨 面包 奶酪 巧克力 甜品 甜点 蛋糕 素食 吃素 辣 咖啡 茶 酒 啤酒
        红酒 水果 蔬菜 肉 鱼 海鲜 汤 早餐 午餐 晚餐 餐厅
    cooking / 烹饪: cook cooking bake baking recipe recipes kitchen oven grill sourdough cookbook roast
        | 烹饪 做饭 做菜 下厨 烘焙 烤 食谱 菜谱 厨房 厨艺 炖 炒
    travel / 旅行: travel travelling trip journey vacation holiday flight hotel beach museum abroad passport
        backpacking cruise tour island visited
        | 旅行 旅游 出国 度假 机票 航班 酒店 景点 海边 自驾 背包 游轮 出游 护照 签证
    pets / 宠物: pet pets dog dogs puppy cat cats kitten hamster rabbit parrot goldfish turtle vet leash horse
        | 宠物 狗 猫 仓鼠 兔子 鹦鹉 金鱼 乌龟 遛狗 猫粮 狗粮
    family / 家人: family mother father mom mum dad parents brother sister son daughter wife husband grandmother
        grandfather uncle aunt cousin nephew niece kids children baby
        | 家人 妈妈 爸爸 父母 父亲 母亲 哥哥 弟弟 姐姐 妹妹 儿子 女儿 老公 老婆 丈夫 妻子 爷爷 奶奶 外公 外婆 叔叔
        阿姨 孩子
    work / 工作: work works working job career office boss manager colleague colleagues company project meeting
        deadline salary promotion interview client startup business
        | 工作 上班 职业 公司 老板 上司 同事 下属 项目 会议 加班 工资 升职 面试 客户 创业 出差
    reading / 阅读: read reads reading book books novel novels library author poetry poem bookshop biography chapter
        | 阅读 读书 看书 书 小说 图书馆 作家 诗 诗歌 传记 书店
    films / 影视: film films movie movies cinema series actor actress director documentary thriller comedy netflix
        anime
        | 电影 电视剧 影院 电影院 演员 导演 纪录片 动漫 动画 综艺 追剧
    games / 游戏: game games gaming chess console playstation xbox nintendo puzzle poker
        | 游戏 象棋 围棋 桌游 棋牌 手游 主机 拼图 扑克 麻将
    health / 健康: health allergic allergy doctor hospital medicine diet sleep insomnia headache migraine asthma
        diabetes injury surgery therapy vitamins dentist
        | 健康 过敏 医生 医院 药 饮食 睡眠 失眠 头痛 偏头痛 哮喘 糖尿病 受伤 手术 体检 牙医 血压
    study / 学习: study studies studying learn learning school university college course exam thesis degree homework
        class language
        | 学习 学校 大学 课程 考试 论文 学位 作业 上课 外语 英语 日语 法语 考研 读研
    art / 艺术: art paint painting draw drawing sketch photography photo photos pottery sculpture gallery design
        calligraphy craft knitting
        | 艺术 画 绘画 画画 素描 摄影 拍照 陶艺 雕塑 画廊 设计 书法 手工 编织
    garden / 园艺: garden gardening plants plant flowers flower roses tomatoes herbs balcony orchid
        | 园艺 花园 种花 植物 花 养花 多肉 盆栽 阳台 种菜
    computers / 电脑: programming code coding python javascript software computer linux laptop app algorithm developer
        | 编程 代码 程序 软件 电脑 算法 程序员 开发
"""
_ROW = re.compile(r"\s{4}(?P<en>\w+) / (?P<zh>\w+): (?P<words>[^|]*)\|(?P<han>.*)")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's name in both languages, and the words that belong to it."""

    en: str
    zh: str
    stems: frozenset[str]
    han: re.Pattern[str]

    def name(self, language: Language) -> str:
        """What the topic is called in a language."""
        return self.zh if language == "zh" else self.en

    def words_in(self, text: str) -> tuple[str, ...]:
        """The topic's words that a text holds, in order and as they are written."""
        english = [w for w in re.findall(r"[A-Za-z][A-Za-z'-]*", text) if terms(w)[:1] and terms(w)[0] in self.stems]
        simple = plain(text)
        chinese = [text[m.start() : m.end()] for m in self.han.finditer(simple)]
        return tuple(dict.fromkeys((*(word.lower() for word in english), *chinese)))


@lru_cache(maxsize=1)
def topics() -> tuple[Topic, ...]:
    """All topics."""
    joined = re.sub(r"\n\s{8,}", " ", _TABLE)
    return tuple(_topic(match) for match in _ROW.finditer(joined))


def topic_named(name: str) -> Topic | None:
    """The topic of that name in either language."""
    return next((topic for topic in topics() if name.strip().lower() in (topic.en, topic.zh)), None)


def _topic(match: re.Match[str]) -> Topic:
    stems = frozenset(term for word in match["words"].split() for term in terms(word)[:1])
    han = sorted(match["han"].split(), key=len, reverse=True)
    return Topic(match["en"], match["zh"], stems, re.compile("|".join(han)))
