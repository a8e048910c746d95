"""The word lists of the checks: places, surnames, relations, names of one thing, and capitals that name nothing."""

from __future__ import annotations

# Chinese place names, which nothing marks as names.
_PLACES = """
    北京 上海 广州 深圳 天津 重庆 成都 杭州 南京 武汉 西安 苏州 青岛 大连 厦门 宁波 长沙 郑州 济南 沈阳 哈尔滨 长春
    合肥 福州 昆明 贵阳 南宁 南昌 太原 石家庄 兰州 海口 三亚 珠海 佛山 东莞 无锡 常州 温州 澳门 台北 高雄 香港 台湾
    拉萨 乌鲁木齐 银川 西宁 呼和浩特 桂林 丽江 大理 洛阳 开封 扬州 绍兴 嘉兴 烟台 威海 秦皇岛 张家界 敦煌 泉州 徐州
    浙江 江苏 广东 山东 河南 河北 湖南 湖北 四川 福建 安徽 江西 山西 陕西 辽宁 吉林 黑龙江 云南 贵州 广西 海南 甘肃
    青海 宁夏 新疆 西藏 内蒙古
    日本 韩国 印度 法国 德国 西班牙 意大利 葡萄牙 英国 爱尔兰 美国 加拿大 墨西哥 巴西 阿根廷 澳大利亚 新西兰 俄罗斯
    乌克兰 波兰 瑞典 挪威 丹麦 芬兰 荷兰 比利时 奥地利 瑞士 希腊 土耳其 埃及 以色列 泰国 越南 马来西亚 菲律宾
    东京 大阪 京都 首尔 纽约 伦敦 巴黎 柏林 悉尼 墨尔本 多伦多 温哥华 旧金山 洛杉矶 西雅图 波士顿 新加坡 曼谷 罗马
    马德里 莫斯科 芝加哥 慕尼黑 维也纳 阿姆斯特丹 布拉格 米兰 迪拜 奥斯陆
    """
PLACES = frozenset(_PLACES.split())
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
    "尹黎易常武乔贺赖龚文"
)
RELATIONS = (
    "朋友", "同事", "同学", "丈夫", "妻子", "老公", "老婆", "男友", "女友", "男朋友", "女朋友", "姐姐", "妹妹", "哥哥",
    "弟弟", "爸爸", "妈妈", "父亲", "母亲", "儿子", "女儿", "表妹", "表姐", "表哥", "表弟", "堂妹", "堂姐", "堂哥",
    "堂弟", "室友", "邻居", "老板", "上司", "客户", "闺蜜", "侄子", "侄女", "外甥", "爷爷", "奶奶", "姑姑", "舅舅",
    "叔叔", "阿姨",
)  # fmt: skip
ANIMALS = ("猫", "狗", "鸟", "兔", "兔子", "鱼", "乌龟", "仓鼠", "宠物", "鹦鹉", "孩子", "宝宝", "公司",
           "品牌", "店", "餐厅")  # fmt: skip
# Words that begin like a surname, or like a name after "called".
_COMMON = """
    高兴 高中 高考 方便 方式 成功 白天 白色 周末 周一 周二 周三 周四 周五 周六 周日 周年 马上 何时 黄色 常常
    常在 万一 时间
    金钱 金色 江边 文化 文学 易怒 康复 石头 田里 夏天 钟头 叶子 白领 孔雀 江湖 任何 于是 程序 方面 文章 武术 龙虾 雷雨
    毛病 毛巾 苏打 汤圆 史上 顾客 许多 曾经
    曾在 何处 万元 常去 高铁 高血压 高烧 白血病 金融 金牌 马拉松 林业 于今 于去
    做 作 我 他 她 它 什么 一 用户 关系 都 也 很 在 是 有 和 的
    """
COMMON = frozenset(_COMMON.split())
# Capitals of an ordinary sentence; days and months are told by their dates.
_NEUTRAL = """
    i i'm i've i'd i'll user user's users assistant ai ok tv pc cd dvd ceo cto cfo phd dr mr mrs ms miss sir prof st jr
    sr am pm a.m p.m ad bc bce ce usa us uk eu un id pdf url app wifi wi-fi internet web online email e-mail ok
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec christmas xmas easter thanksgiving halloween new year eve valentine's valentine
    english god lord earth the a an and or but of in on at to for from with by as it he she they his her their its
    this that these those there here when while after before during since because if so not no yes also both each
    every some all most many mom mum dad mother father grandma grandpa aunt uncle north south east west northern
    southern eastern western bbq diy gps gpa hr it faq lgbt lgbtq lgbtq+ covid vip ceo's
    app apps vlog diy ok wifi pm am tv ktv cp up max pro plus mini
    """
NEUTRAL = frozenset(_NEUTRAL.split())
# Names of one thing, in lower case.
ALSO: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split("|"))
    for group in (
        "us|usa|u.s|u.s.a|america|american|americans|united|states",
        "uk|britain|british|england|english|united|kingdom|great",
        "nyc|york|big apple|manhattan|brooklyn", "la|los|angeles|l.a",
        "sf|san|francisco|bay area", "france|french", "spain|spanish|spaniard", "wales|welsh",
        "greece|greek", "denmark|danish|dane", "switzerland|swiss", "netherlands|dutch|holland",
        "philippines|filipino|filipina", "thailand|thai", "poland|polish", "turkey|turkish|türkiye", "ireland|irish",
        "scotland|scottish|scots", "iceland|icelandic", "norway|norwegian", "belgium|belgian", "china|chinese|prc",
        "japan|japanese", "peru|peruvian", "bible|biblical", "christian|christianity|christ|church",
        "jewish|judaism|jew",
        "islam|islamic|muslim", "instagram|insta|ig", "youtube|yt", "facebook|fb", "playstation|ps|ps4|ps5",
        "javascript|js", "typescript|ts", "kubernetes|k8s", "postgresql|postgres|pg", "python|py",
        "artificial intelligence|ai|machine learning|ml", "social media|sns", "mike|michael", "bill|william",
        "bob|robert|rob|bobby", "dick|richard|rick", "liz|elizabeth|beth|betty", "tom|thomas|tommy", "jim|james|jimmy",
        "tony|anthony", "kate|katherine|catherine|kathy|cathy", "peggy|margaret|maggie|meg", "jack|john|johnny",
        "ted|edward|ed|eddie|ned", "harry|henry|hank", "sasha|alexander|alex|alexandra", "mum|mom|mother",
        "上海|魔都|沪|申城", "北京|帝都|京城|首都|京", "广州|羊城|穗", "深圳|鹏城", "成都|蓉城|蓉", "重庆|山城|渝",
        "杭州|杭", "南京|金陵|宁", "武汉|江城|汉", "天津|津", "哈尔滨|冰城|哈市", "香港|港", "澳门|澳",
        "美国|美利坚|美|美元|硅谷",
        "英国|英|英格兰", "日本|日|东瀛|霓虹", "韩国|韩|首尔", "法国|法|法语", "德国|德|德语", "俄罗斯|俄|俄国",
        "西班牙|西语", "意大利|意", "泰国|泰|泰式", "印度|咖喱", "四川|川|蜀", "广东|粤", "湖南|湘", "山东|鲁",
        "河南|豫",
        "云南|滇", "福建|闽", "浙江|浙", "湖北|鄂",
        "陕西|陕|秦", "山西|晋", "江西|赣", "贵州|黔|贵阳", "澳大利亚|澳洲|澳",
        "微信|wechat", "抖音|tiktok|douyin", "b站|哔哩哔哩|bilibili", "小红书|红书", "苹果|apple|iphone",
        "华为|huawei",
    )
)  # fmt: skip
