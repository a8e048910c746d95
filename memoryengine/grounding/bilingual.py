"""Names of places, firms and schools that both languages have their own word for, as 东京 and Tokyo."""

from __future__ import annotations

import re
from functools import lru_cache

# One name a line; its forms in simplified Chinese and in English, in lower case. Not "us" or "polish": they are words.
_NAMES = """
中国,中华人民共和国,china,chinese,prc|北京,beijing,peking|上海,shanghai|天津,tianjin,tientsin|重庆,chongqing,chungking
广州,guangzhou,canton|深圳,shenzhen|成都,chengdu|杭州,hangzhou|南京,nanjing,nanking|武汉,wuhan|西安,xi'an,xian
苏州,suzhou,soochow|青岛,qingdao,tsingtao|大连,dalian|厦门,xiamen,amoy|宁波,ningbo|长沙,changsha|郑州,zhengzhou
济南,jinan|沈阳,shenyang|哈尔滨,harbin|长春,changchun|合肥,hefei|福州,fuzhou|昆明,kunming|贵阳,guiyang|南宁,nanning
南昌,nanchang|太原,taiyuan|石家庄,shijiazhuang|兰州,lanzhou|海口,haikou|三亚,sanya|珠海,zhuhai|佛山,foshan
东莞,dongguan|无锡,wuxi|常州,changzhou|温州,wenzhou|绍兴,shaoxing|嘉兴,jiaxing|烟台,yantai|威海,weihai|桂林,guilin
丽江,lijiang|大理,dali|洛阳,luoyang|扬州,yangzhou|泉州,quanzhou|徐州,xuzhou|拉萨,lhasa|乌鲁木齐,urumqi|银川,yinchuan
西宁,xining|呼和浩特,hohhot|敦煌,dunhuang|香港,hong kong,hongkong|澳门,macau,macao|台湾,taiwan,taiwanese|台北,taipei
高雄,kaohsiung|台中,taichung|台南,tainan|新竹,hsinchu|九龙,kowloon|浙江,zhejiang|江苏,jiangsu
广东,guangdong,cantonese|山东,shandong|河南,henan|河北,hebei|湖南,hunan|湖北,hubei|四川,sichuan,szechuan|福建,fujian
安徽,anhui|江西,jiangxi|山西,shanxi|陕西,shaanxi|辽宁,liaoning|吉林,jilin|黑龙江,heilongjiang|云南,yunnan
贵州,guizhou|广西,guangxi|海南,hainan|甘肃,gansu|青海,qinghai|宁夏,ningxia|新疆,xinjiang|西藏,tibet,tibetan
内蒙古,内蒙,inner mongolia|蒙古,mongolia
日本,japan,japanese|东京,tokyo|大阪,osaka|京都,kyoto|北海道,hokkaido|横滨,yokohama|名古屋,nagoya|福冈,fukuoka
札幌,sapporo|冲绳,okinawa|韩国,南韩,south korea,korea,korean|朝鲜,北韩,north korea|首尔,seoul|釜山,busan
新加坡,singapore,singaporean|马来西亚,大马,malaysia,malaysian|吉隆坡,kuala lumpur|泰国,thailand|曼谷,bangkok
清迈,chiang mai|普吉岛,普吉,phuket|越南,vietnam,vietnamese|河内,hanoi|胡志明市,西贡,ho chi minh city,saigon
菲律宾,philippines,filipino|马尼拉,manila|印度尼西亚,印尼,indonesia,indonesian|雅加达,jakarta|巴厘岛,bali
柬埔寨,cambodia|老挝,laos|缅甸,myanmar,burma|印度,india,indian|新德里,new delhi|德里,delhi|孟买,mumbai,bombay
班加罗尔,bangalore,bengaluru|尼泊尔,nepal|巴基斯坦,pakistan,pakistani|斯里兰卡,sri lanka|孟加拉国,孟加拉,bangladesh
伊朗,iran,iranian|以色列,israel,israeli|土耳其,turkey,turkish,türkiye|伊斯坦布尔,istanbul|迪拜,杜拜,dubai
阿联酋,uae,united arab emirates|沙特阿拉伯,沙特,saudi arabia|卡塔尔,qatar|埃及,egypt,egyptian|开罗,cairo
摩洛哥,morocco,moroccan|南非,south africa,south african|肯尼亚,kenya,kenyan|尼日利亚,nigeria,nigerian
俄罗斯,俄国,russia,russian|莫斯科,moscow|圣彼得堡,saint petersburg,st petersburg,st. petersburg
乌克兰,ukraine,ukrainian|基辅,kyiv,kiev|波兰,poland|华沙,warsaw|捷克,czech republic,czechia,czech|布拉格,prague
匈牙利,hungary,hungarian|布达佩斯,budapest|罗马尼亚,romania,romanian|希腊,greece,greek|雅典,athens
德国,germany,german|柏林,berlin|慕尼黑,munich,münchen|汉堡,hamburg|法兰克福,frankfurt|科隆,cologne,köln
法国,france,french|巴黎,paris|里昂,lyon|马赛,marseille|英国,uk,britain,british,united kingdom,great britain
英格兰,england|苏格兰,scotland,scottish|威尔士,wales,welsh|伦敦,london|曼彻斯特,manchester|爱丁堡,edinburgh
利物浦,liverpool|伯明翰,birmingham|利兹,leeds|牛津,oxford|剑桥,cambridge|爱尔兰,ireland,irish|都柏林,dublin
意大利,义大利,italy,italian|罗马,rome|米兰,milan,milano|威尼斯,venice|佛罗伦萨,florence|西班牙,spain,spanish
马德里,madrid|巴塞罗那,barcelona|葡萄牙,portugal,portuguese|里斯本,lisbon|荷兰,netherlands,holland,dutch
阿姆斯特丹,amsterdam|比利时,belgium,belgian|布鲁塞尔,brussels|瑞士,switzerland,swiss|苏黎世,zurich,zürich
日内瓦,geneva|奥地利,austria,austrian|维也纳,vienna|瑞典,sweden,swedish|斯德哥尔摩,stockholm
挪威,norway,norwegian|奥斯陆,oslo|丹麦,denmark,danish|哥本哈根,copenhagen|芬兰,finland,finnish|赫尔辛基,helsinki
冰岛,iceland,icelandic|美国,usa,u.s.a,united states,america,american|纽约,new york,nyc|洛杉矶,los angeles
旧金山,三藩市,san francisco,frisco|硅谷,矽谷,silicon valley|圣何塞,san jose|圣地亚哥,圣迭戈,san diego
西雅图,seattle|波士顿,boston|芝加哥,chicago|休斯顿,休士顿,houston|达拉斯,dallas|奥斯汀,austin|丹佛,denver
费城,philadelphia,philly|亚特兰大,atlanta|迈阿密,miami|拉斯维加斯,las vegas,vegas|底特律,detroit|波特兰,portland
华盛顿,washington|加利福尼亚,加州,california|得克萨斯,德克萨斯,德州,得州,texas|佛罗里达,佛州,florida
马萨诸塞,麻省,massachusetts|夏威夷,hawaii|檀香山,火奴鲁鲁,honolulu|新泽西,new jersey|新墨西哥,new mexico
加拿大,canada,canadian|多伦多,toronto|温哥华,vancouver|蒙特利尔,蒙特娄,montreal,montréal|渥太华,ottawa
卡尔加里,calgary|墨西哥,mexico,mexican|墨西哥城,mexico city|古巴,cuba,cuban|巴西,brazil,brazilian
圣保罗,sao paulo,são paulo|里约热内卢,里约,rio de janeiro|阿根廷,argentina,argentinian,argentine
布宜诺斯艾利斯,buenos aires|智利,chile,chilean|秘鲁,peru,peruvian|哥伦比亚,colombia,colombian
澳大利亚,澳洲,australia,australian|悉尼,sydney|墨尔本,melbourne|布里斯班,brisbane|珀斯,perth|堪培拉,canberra
新西兰,纽西兰,new zealand|奥克兰,auckland|惠灵顿,wellington
腾讯,tencent|阿里巴巴,阿里,alibaba|百度,baidu|字节跳动,字节,bytedance|华为,huawei|小米,xiaomi|京东,jd
美团,meituan|拼多多,pinduoduo|网易,netease|联想,lenovo|比亚迪,byd|淘宝,taobao|支付宝,alipay|微博,weibo
谷歌,google|微软,microsoft|亚马逊,亚马逊公司,amazon|特斯拉,tesla|英伟达,nvidia|英特尔,intel|三星,samsung|索尼,sony
任天堂,nintendo|丰田,toyota|本田,honda|宝马,bmw|奔驰,mercedes,benz,mercedes-benz|奥迪,audi
耐克,nike|阿迪达斯,adidas|优衣库,uniqlo|宜家,ikea|星巴克,starbucks|麦当劳,mcdonald's,mcdonalds|肯德基,kfc
领英,linkedin|推特,twitter|油管,youtube|脸书,facebook|奈飞,网飞,netflix|哈佛,harvard|斯坦福,stanford|耶鲁,yale
麻省理工,麻省理工学院,mit|清华,清华大学,tsinghua|复旦,复旦大学,fudan
"""
_FORMS = {form: tuple(line.split(",")) for line in re.split(r"[|\n]", _NAMES.strip()) for form in line.split(",")}
_LETTER = r"[^\W\d_\u3000-\u9fff]"


def _any_of(forms: list[str]) -> str:
    """A pattern of the longest of these forms at a place, which is tried only where one can begin."""
    begins = "".join(sorted({form[0] for form in forms}))
    return f"(?=[{begins}])(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    han = _any_of([form for form in _FORMS if form[0] > "\u3000"])
    latin = _any_of([form for form in _FORMS if form[0] < "\u3000"])
    return re.compile(f"{han}|(?<!{_LETTER}){latin}(?!{_LETTER})")


def shared_names(statement: str, said: str) -> frozenset[str]:
    """The forms of the names that two folded texts both hold, in whichever language, and the words of these forms.

    The longest name counts: "New Mexico" is no 墨西哥, and 印度尼西亚 no India.
    """
    both = _held(statement) & _held(said)
    return frozenset(word for forms in both for form in forms for word in (form, *form.split()))


@lru_cache(maxsize=64)
def _held(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_FORMS[match.group()] for match in _pattern().finditer(text))
