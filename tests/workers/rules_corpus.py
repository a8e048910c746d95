"""Statements in many phrasings and what is to be remembered of each; and texts of which nothing is.

Said on Saturday, 26 October 2024, at noon UTC.
"""

ENGLISH: tuple[tuple[str, tuple[str, ...]], ...] = (
    # job
    ("I'm an electrician.", ("User is an electrician.",)),
    ("i work for a small law firm in leeds", ("User works for a small law firm in leeds.",)),
    ("By the way, I teach chemistry at a high school", ("User teaches chemistry at a high school.",)),
    ("I have been a truck driver for twenty years.", ("User has been a truck driver for twenty years.",)),
    ("My job is testing video games", ("User's job is testing video games.",)),
    ("Just got promoted to head of sales!", ("User just got promoted to head of sales.",)),
    ("I used to be a soldier, but now I run a bakery.", ("User used to be a soldier.", "Now user runs a bakery.")),
    ("I quit my job last Friday", ("User quit their job last Friday (2024-10-25).",)),
    # city and home
    ("We live in a small flat in Lyon", ("User lives in a small flat in Lyon.",)),
    ("I'm originally from Ghana but I live in Toronto", ("User is originally from Ghana.", "User lives in Toronto.")),
    ("moved to Denver two years ago", ("User moved to Denver two years ago (2022).",)),
    ("My home town is Bergen", ("User's home town is Bergen.",)),
    ("I grew up on a farm near Salta.", ("User grew up on a farm near Salta.",)),
    ("Our house has a red door", ("User's house has a red door.",)),
    # family and friends
    ("I have two brothers, Igor and Pavel", ("User has two brothers, Igor and Pavel.",)),
    ("My wife is expecting our second child", ("User's wife is expecting user's second child.",)),
    ("My best friend Nadia lives in Cairo.", ("User's best friend Nadia lives in Cairo.",)),
    ("My dad passed away when I was nine", ("User's dad passed away when user was nine.",)),
    ("My cousin got married in June. He is a pilot.",
     ("User's cousin got married in June (June 2024).", "User's cousin is a pilot.")),
    ("Mum lives with us", ("User's mum lives with user.",)),
    ("my son's name is Theo and he's 7", ("User's son's name is Theo and he's 7.",)),
    ("My husband and I met at university", ("User's husband and user met at university.",)),
    # pets
    ("I've got a parrot who swears", ("User has got a parrot who swears.",)),
    ("Our dog is called Biscuit", ("User's dog is called Biscuit.",)),
    ("We adopted a kitten. It is completely black.",
     ("User adopted a kitten.", "User's kitten is completely black.")),
    ("I own three snakes 🐍🐍🐍", ("User owns three snakes.",)),
    # allergies and health
    ("I'm allergic to penicillin", ("User is allergic to penicillin.",)),
    ("im lactose intolerant btw", ("User is lactose intolerant.",)),
    ("Strawberries give me a rash.", ("Strawberries give user a rash.",)),
    ("I have type 1 diabetes", ("User has type 1 diabetes.",)),
    ("I can't eat anything with nuts in it", ("User can't eat anything with nuts in it.",)),
    ("I wear contact lenses", ("User wears contact lenses.",)),
    # birthdays and dates
    ("my birthday is 9 August", ("User's birthday is 9 August.",)),
    ("I was born on 2 December 1988 in Riga", ("User was born on 2 December 1988 in Riga.",)),
    ("Our wedding anniversary is on 20 June", ("User's wedding anniversary is on 20 June.",)),
    ("I turn 40 next month", ("User turns 40 next month (November 2024).",)),
    ("I'm 27", ("User is 27.",)),
    # plans
    ("I'm going to Iceland next month.", ("User is going to Iceland next month (November 2024).",)),
    ("I want to learn how to sail", ("User wants to learn how to sail.",)),
    (
        "Next year I'd like to run the Berlin marathon",
        ("Next year user would like to run the Berlin marathon (2025).",),
    ),
    ("We're planning to renovate the kitchen in spring",
     ("User is planning to renovate the kitchen in spring (2025-03-01 to 2025-05-31).",)),
    ("I'll be in Madrid until Tuesday", ("User will be in Madrid until Tuesday (2024-10-26 to 2024-10-29).",)),
    ("I have a dentist appointment tomorrow at 3pm",
     ("User has a dentist appointment tomorrow at 3pm (2024-10-27 15:00).",)),
    # likes
    ("I love salsa dancing", ("User loves salsa dancing.",)),
    ("I really like dark chocolate and I drink a lot of espresso",
     ("User really likes dark chocolate.", "User drinks a lot of espresso.")),
    ("Chess is my passion", ("Chess is user's passion.",)),
    ("My favourite season is winter", ("User's favourite season is winter.",)),
    ("I'm a huge fan of Miles Davis", ("User is a huge fan of Miles Davis.",)),
    ("I prefer window seats", ("User prefers window seats.",)),
    ("What I enjoy most is gardening", ("What user enjoys most is gardening.",)),
    ("Painting relaxes me", ("Painting relaxes user.",)),
    # dislikes
    ("I hate crowded trains", ("User hates crowded trains.",)),
    ("I don't like horror films", ("User doesn't like horror films.",)),
    ("cant stand mushrooms", ("User can't stand mushrooms.",)),
    ("I'm not a morning person", ("User is not a morning person.",)),
    ("I no longer watch TV", ("User no longer watches TV.",)),
    # habits, things, told to remember
    ("I usually have breakfast at 7 and walk to work", ("User usually has breakfast at 7 and walks to work.",)),
    ("Every Thursday I play squash with Ben", ("Every Thursday user plays squash with Ben.",)),
    ("Please remember that I take my tea without milk", ("User takes their tea without milk.",)),
    ("Don't forget: my flight number is BA117", ("User's flight number is BA117.",)),
    ("I speak Hungarian at home", ("User speaks Hungarian at home.",)),
    ("You can call me Zed", ("User wants to be called Zed.",)),
    ("I'm vegetarian, what could I cook tonight?", ("User is vegetarian.",)),
    ("Hi! I'm Ruth, and I live in Oslo.", ("User is Ruth.", "User lives in Oslo.")),
    ("My phone number is 555-0134", ("User's phone number is 555-0134.",)),
    ("I bought a second-hand piano yesterday", ("User bought a second-hand piano yesterday (2024-10-25).",)),
)

CHINESE: tuple[tuple[str, tuple[str, ...]], ...] = (
    # 工作
    ("我是一名中学物理老师。", ("用户是一名中学物理老师。",)),
    ("我在Google工作", ("用户在Google工作。",)),
    ("我在医院上班,是个护士", ("用户在医院上班。", "用户是个护士。")),
    ("我的职业是厨师", ("用户职业是厨师。",)),
    ("刚入职一家游戏公司", ("用户刚入职一家游戏公司。",)),
    ("我做销售已经十年了", ("用户做销售已经十年了。",)),
    ("我上个月辞职了", ("用户上个月辞职了（2024年9月）。",)),
    ("我跟朋友合伙开了一家面馆", ("用户跟朋友合伙开了一家面馆。",)),
    # 城市
    ("我住在厦门", ("用户住在厦门。",)),
    ("我们去年搬到了大连", ("用户去年搬到了大连（2023年）。",)),
    ("我老家在甘肃兰州", ("用户老家在甘肃兰州。",)),
    ("本人常住深圳", ("用户常住深圳。",)),
    ("家住朝阳区", ("用户家住朝阳区。",)),
    ("我是四川人，现在住在杭州", ("用户是四川人。", "用户现在住在杭州。")),
    # 家人朋友
    ("我有一个双胞胎哥哥", ("用户有一个双胞胎哥哥。",)),
    ("我妹妹在读高三", ("用户的妹妹在读高三。",)),
    ("我爸是木匠", ("用户的爸爸是木匠。",)),
    ("我女儿叫朵朵，今年四岁", ("用户的女儿叫朵朵，今年四岁（2024年）。",)),
    ("我的同事张三的生日是六月十号", ("用户的同事张三的生日是六月十号。",)),
    ("外婆今年八十岁了", ("用户的外婆今年八十岁了（2024年）。",)),
    ("我和女朋友在一起三年了", ("用户和女朋友在一起三年了。",)),
    ("赵小雨是我的室友，其专业是会计。", ("赵小雨是用户的室友，其专业是会计。",)),
    ("我表哥叫阿杰。他在新加坡工作。", ("用户的表哥叫阿杰。", "用户的表哥在新加坡工作。")),
    # 宠物
    ("我养了两只仓鼠", ("用户养了两只仓鼠。",)),
    ("我家的狗叫大黄", ("用户家的狗叫大黄。",)),
    ("我的猫特别怕打雷", ("用户的猫特别怕打雷。",)),
    ("我有一只鹦鹉。它会说话。", ("用户有一只鹦鹉。", "用户的鹦鹉会说话。")),
    # 过敏和健康
    ("我对青霉素过敏", ("用户对青霉素过敏。",)),
    ("吃虾我会过敏", ("吃虾用户会过敏。",)),
    ("我有高血压", ("用户有高血压。",)),
    ("我不能吃辣，胃不好", ("用户不能吃辣，胃不好。",)),
    ("我乳糖不耐受", ("用户乳糖不耐受。",)),
    ("对尘螨过敏", ("用户对尘螨过敏。",)),
    # 生日和日期
    ("我的生日是3月12日", ("用户生日是3月12日。",)),
    ("生日：9月1号", ("用户生日：9月1号。",)),
    ("我今年28岁", ("用户今年28岁（2024年）。",)),
    ("我是1990年出生的", ("用户是1990年出生的。",)),
    ("我们的结婚纪念日是10月1日", ("用户结婚纪念日是10月1日。",)),
    # 计划
    ("我下周五去上海", ("用户下周五去上海（2024-11-01）。",)),
    ("我打算明年考研", ("用户打算明年考研（2025年）。",)),
    ("下个月要去泰国旅游", ("用户下个月要去泰国旅游（2024年11月）。",)),
    ("我想学游泳", ("用户想学游泳。",)),
    ("明天下午三点我要去面试", ("明天下午三点用户要去面试（2024-10-27 15:00）。",)),
    ("我将要参加城市摄影大赛。", ("用户将要参加城市摄影大赛。",)),
    ("城市摄影大赛的地点是南京。", ("城市摄影大赛的地点是南京。",)),
    # 喜好
    ("我的爱好是下围棋", ("用户爱好是下围棋。",)),
    ("我喜欢吃榴莲😋", ("用户喜欢吃榴莲。",)),
    ("我最喜欢的歌手是陈奕迅", ("用户最喜欢的歌手是陈奕迅。",)),
    ("特别爱看悬疑小说", ("用户特别爱看悬疑小说。",)),
    ("我平时喜欢爬山、游泳和打羽毛球", ("用户平时喜欢爬山、游泳和打羽毛球。",)),
    ("我是张国荣的粉丝", ("用户是张国荣的粉丝。",)),
    ("我喜歡聽古典音樂", ("用户喜歡聽古典音樂。",)),
    ("咖啡我只喝美式", ("咖啡用户只喝美式。",)),
    # 不喜欢
    ("我讨厌下雨天", ("用户讨厌下雨天。",)),
    ("我不吃羊肉", ("用户不吃羊肉。",)),
    ("我受不了烟味", ("用户受不了烟味。",)),
    ("我討厭香菜", ("用户討厭香菜。",)),
    ("我已经不打游戏了", ("用户已经不打游戏了。",)),
    ("我把烟戒了", ("用户把烟戒了。",)),
    # 习惯、物品、请记住
    ("我每天晚上十一点睡觉", ("用户每天晚上十一点睡觉。",)),
    ("请记住我的车牌号是沪B88888", ("用户车牌号是沪B88888。",)),
    ("别忘了，我是素食者", ("用户是素食者。",)),
    ("你好，我叫林晓。", ("用户叫林晓。",)),
    ("我的邮箱是lin@example.com", ("用户邮箱是lin@example.com。",)),
    ("我對海鮮過敏，有什麼推薦的餐廳嗎？", ("用户對海鮮過敏。",)),
    ("我会弹古筝，还会一点法语", ("用户会弹古筝，还会一点法语。",)),
    ("我昨天买了一辆电动车", ("用户昨天买了一辆电动车（2024-10-25）。",)),
    ("对了，我不会开车", ("用户不会开车。",)),
    ("我喜欢茶，但是不喜欢咖啡", ("用户喜欢茶。", "用户不喜欢咖啡。")),
)

NOTHING = (
    # greetings, thanks, replies
    "hi", "Good morning!", "thanks a lot, that helped", "ok, got it", "haha nice", "See you tomorrow!", "How are you?",
    "I see.", "I agree with you", "I'm glad to hear that!", "I'll try that, thanks", "I don't know",
    "I'm fine, thank you",
    "你好", "谢谢你的帮助！", "好的，我知道了", "晚安", "哈哈哈太好笑了", "我明白了，谢谢", "我会努力的",
    # questions
    "What's the capital of Mongolia?", "Do you know where I live?", "how do I boil an egg",
    "Is my sister older than me?",
    "Which city did I move to?", "我的狗叫什么名字？", "你知道我住在哪里吗", "今天天气怎么样",
    "我应该去北京还是上海？", "我几岁了？",
    # orders and requests
    "Write me a poem about my cat", "Translate this: I live in Paris.", "Tell me a joke", "Show me how to fix my bike",
    "I want you to act as a travel guide", "I'd like to know the time in Tokyo", "Can you remind me to call my mother?",
    "帮我写一首关于我妈妈的诗", "把下面这句话翻译成英文：我住在上海。", "给我讲个故事", "我想问一下怎么做红烧肉",
    "推荐一部电影给我",
    # imagined, quoted, code
    "If I were a bird I would fly to Spain", "Imagine I am a pirate. I live on a ship.", "What if I moved to Mars?",
    "如果我有一百万，我会环游世界", "假设我是一只猫", '"I am the walrus"', "> I live in Rome",
    "```\nmy_name = 'Bob'\n```",
    # remarks
    "The weather is nice today.", "That sounds great!", "今天天气真好", "这部电影很好看", "😀😀", "", "   ",
)
