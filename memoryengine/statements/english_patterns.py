"""The patterns by which the English rules see a question, a request, a reply, a subject or a statement."""

from __future__ import annotations

import re

from .english_words import ADVERBS

BARE_CONTRACTION = re.compile(
    r"\b(?P<head>ca|do|wo|did|does|is|are|was|were|have|has|had|could|would|should)nt\b|"
    r"(?<!\S)(?P<me>[iI])(?P<rest>m|ve)\b(?! I\b)",
    re.IGNORECASE,
)
TAIL = re.compile(
    r",\s*you know\Z|[,\s]+(?:btw|by the way|lol|lmao|haha+|tbh|though|fyi|thanks?|thank you)\Z",
    re.IGNORECASE,
)
ME = r"(?:i|i'm|im|i've|ive|i'd|i'll|we|we're|we've|we'll|we'd)"
OWN = r"(?:my|our)"
_PARENT = r"(?:mom|mum|mommy|mummy|dad|daddy|grandma|grandpa|granny|grandmother|grandfather|mother|father)"
VERB_START = (
    r"(?:live|work|love|like|hate|have|prefer|enjoy|study|own|speak|teach|don't|can't|am|never|moved|got|started|"
    r"bought|"
    r"adopted|graduated|usually|always|also|want|plan|hope|lived|worked|went|play|need|drive|drink|eat)"
)
_AUX = r"(?:can|could|would|will|do|does|did|are|is|was|were|have|has|should|shall|may|am|don't|isn't|aren't|won't)"
_WH = r"(?:what|what's|which|who|who's|whose|where|where's|when|when's|why|how|how's)"

CUT = re.compile(
    rf"(?P<join>\s*[,;]?\s+(?:and|but|so|also|plus|yet|although|though)\s+|\s*[,;:]\s+|\s+[-–—]+\s+)"
    rf"(?=(?:then |also |now |actually |yes |personally )?(?:{ME}|{OWN}|there (?:is|are))\b)"
    rf"|(?P<share>\s*,?\s+(?:and|but)\s+(?:then |also )?)(?={VERB_START}\b)",
    re.IGNORECASE,
)
ASK_AT_END = re.compile(
    rf"(?:[,;:–—-]+\s*|\s+)(?:(?:and|so|but|then)\s+)?(?:please\s+|also\s+)?"
    rf"(?:(?<=[,;:–—-] )|(?<=and )|(?<=so )|(?<=but )|(?<=please )|(?<=then ))"
    rf"(?:{_AUX}\s+(?:you|i|we|there|it|that|this|my|the|anyone|someone)|{_WH}|any|remember|right|ok)\b[^?]*\?*\Z",
    re.IGNORECASE,
)
SUBORDINATE = re.compile(
    r"(?:when|while|if|since|because|although|though|after|before|as|once|until|whenever|unless|given)\b", re.IGNORECASE
)
UNFINISHED = re.compile(
    r"\b(?:to|can|could|will|would|might|must|should|let|make|makes|help|i'll|i'd)\b",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"(?:and|but|so|well|oh|ah|um|uh|hmm|yeah|yes|yep|yup|no|nope|nah|ok|okay|haha|lol|wow|btw|by the way|fyi|actually|"
    r"honestly|to be honest|tbh|also|plus|anyways?|then|besides|personally|in fact|of course|sure|unfortunately|sadly|"
    r"luckily|fortunately|just (?:so you know|fyi)|so you know|(?:you (?:should|must|might) )?know that|as you know|"
    r"as i (?:said|mentioned)|for your information|guess what|you know(?: what)?|"
    r"i (?:just )?(?:wanted|want|need|have|should|must|would like|'d like) (?:to )?(?:say|tell you|mention|share|"
    r"let you know|"
    r"add|admit)|let me tell you|i(?: have|'ve)? (?:told you|mentioned|said)(?: before| already)?|i must say|"
    r"(?:given|seeing|considering) that|(?:hi|hello|hey)(?: there)?(?: [A-Z]\w+)?(?=,)|thanks(?: \w+){0,3}(?=,)|"
    r"(?:since|because|as)(?= (?:i|i'm|i've|my|we|our)\b)(?![^,]*,\s*(?:i|i'm|i've|we|my|our)\b)|i(?: would|"
    r"'d) say(?= (?:i|i'm|my|we)\b)|"
    r"i (?:think|guess|believe|suppose|feel like|mean)(?=,? (?:that )?(?:i|i'm|i've|my|we)\b))"
    r"(?: that)?(?:[,:]+\s*|\s+|\s*[-–—.]+\s+|\Z)",
    re.IGNORECASE,
)
REMEMBER = re.compile(
    r"(?:can you |could you |would you )?(?:please |pls |kindly )?(?:also )?"
    r"(?:i (?:want|need|would like|'d like) you to )?"
    r"(?:remember|note|keep in mind|(?:do not|don't|dont|never) forget|make a note|take note|bear in mind|memorize)"
    r"(?: down| this| for me)?(?: that|:|,)?\s+(?=\w)",
    re.IGNORECASE,
)
OPENING = re.compile(
    rf"(?:yesterday|today|tomorrow|tonight|now|currently|nowadays|recently|lately|usually|sometimes|often|always|"
    rf"finally|"
    rf"just|soon|eventually|originally|still|once|"
    rf"(?:(?:every|each|last|next|this|these|those|one|some|most)(?: \w+){{1,3}}?|"
    rf"(?:in|on|at|since|for|during|from|by|until|after|before|around|about|with|as)(?: [\w'-]+){{1,6}}?|"
    rf"(?:ever since|due to|because of|thanks to|despite|whenever|while|although|though|once)(?: [\w'-]+){{1,8}}?|"
    rf"(?:\w+ ){{1,2}}(?:days?|weeks?|months?|years?) (?:ago|from now)|when (?:i was|we were)(?: [\w'-]+){{1,6}}?)"
    rf"(?=,|\s+(?:{ME}|{OWN})\b)),?\s+|[^,.?!]{{2,60}},\s+(?=(?:{ME}|{OWN})\b)",
    re.IGNORECASE,
)

QUESTION = re.compile(
    rf"(?:{_WH}\s+(?:(?:\w+\s+){{0,4}}?(?:{_AUX}|'s)\b|to\b|about\b)|(?:what|how|who|where|why)'s\b|"
    rf"{_AUX}\s+(?:you|i|we|he|she|it|they|there|this|that|my|your|the|any|anyone)\b|(?:what|how) about\b|any\s+\w+)",
    re.IGNORECASE,
)
STATED_WH = re.compile(r"(?:what|where|when|who|how)\s+(?:i|we|my|our)\b.+\b(?:is|are|was|were)\b", re.IGNORECASE)
IMAGINED = re.compile(
    r"\b(?:if (?:i|we|my|only|you|there|it|he|she|they|someone)\b|what if|suppose|supposing|imagine|pretend|"
    r"hypothetically|"
    r"let's say|say i (?:were|was|had|am)|i wish (?:i|we|my)|would have|could have|had i|were i|in (?:my|a|the|this|"
    r"our) "
    r"(?:dream|story|novel|game|movie|film|book)s?\b|role-?play|as if|in theory|for example|for instance|dreamed|"
    r"dreamt)",
    re.IGNORECASE,
)
REPLY = re.compile(
    rf"(?:i|we)(?:'ll|'d|'m|'ve|'re)?\s+(?:(?:{'|'.join(sorted(ADVERBS - {'not', 'no', 'either'}))}|will|would|can|"
    rf"could|"
    r"am|are|have|had|do|must|have to|might|may|should)\s+)*(?:"
    r"(?:agree|see|get it|got it|hear you|mean|guess|wonder|bet|doubt|promise|swear|appreciate|thank|apologi[sz]e|"
    r"(?:gotta|got to|need to) go|"
    r"understand|imagine|relate|assume|told|asked|said|say|tell|forgot to (?:ask|tell|mention))\b(?!.*\b(?:my|mine)\b)|"
    r"(?:know|hope|wish|think|thought|believe|feel|love|like|enjoyed|loved|liked)\s*(?:\Z|what you|how you|you\b|"
    r"your\b|it\b|"
    r"that\b|this\b|so\b|the (?:way|idea|sound)|everything|not\b|(?:it|that|this)'s|right\b|to (?:hear|see|get|talk|"
    r"chat)\b)|"
    r"remember (?:you|when you|that you)\b|(?:don't|do not|didn't|can't|couldn't|won't) (?:know|think so|understand|"
    r"get it|believe (?:it|that)|remember|see|mind|"
    r"tell|agree|wait(?: (?:to (?:hear|see|try|know|read|check|meet)|for (?:you|that|it))|\Z)|say|want (?:you|that|it|"
    r"this)\b|"
    r"help)\b)",
    re.IGNORECASE,
)
ABOUT_YOU = re.compile(
    r"\b(?:that|what|how|when|where|if|because|since) you\b|\byou(?:'re|'ve|'d| are| were| had| have| did| said|"
    r" mentioned| told| gave)\b",
    re.IGNORECASE,
)
# "I really enjoy it": what is meant stands in somebody else's words.
POINTS_AWAY = re.compile(
    r"\A(?:i|we)\b.*\b(?:it|that|this|them|so|there|here|to|one)"
    r"(?: (?:too|as well|again|now|all|very much|a lot|soon))?\Z",
    re.IGNORECASE,
)
PROMISE = re.compile(
    rf"(?:i|we)(?:'ll|'d| will| would| can| could| might| may| should| must| have to| can't| cannot)\s+"
    rf"(?:(?:{'|'.join(sorted(ADVERBS - {'not', 'no', 'either'}))}|surely|certainly)\s+)*(?:"
    r"wait(?: (?:to (?:hear|see|try|know|read|check|meet)|for (?:you|that|it))|\Z)|"
    r"(?:try|check|let you|keep (?:you|that|it|trying|going|at)|look into|look forward|look at|see|give (?:it|that|"
    r"you)|"
    r"remember|be (?:here|there|sure|back|right|happy to|glad to)|take (?:it|that|your|a look|note)|make sure|"
    r"get back|talk|ask|"
    r"send you|show you|follow|stop here|say|leave you|go now|continue|wrap|pass|post|do (?:it|that|so|my best)|"
    r"consider|imagine|"
    r"tell|relate|love to (?:hear|see|know|try (?:it|that|them)|help|chat|join|come|check)|like to (?:know|ask|hear|"
    r"see|discuss|"
    r"talk|learn more|chat|check|order|get|have you|find out|understand))\b)",
    re.IGNORECASE,
)
REQUEST = re.compile(
    r"(?:i|we)(?:'d|'m|'ve|'re)?\s+(?:(?:just|really|only|also|still|am|are|have|would|do|was)\s+)*(?:"
    r"(?:want|need|like|love|wish|expect|wanted|prefer)\s+(?:you\b|your\b|to (?:know|ask|hear|understand|find out|"
    r"see (?:if|how|what|"
    r"the)|discuss|talk to you|chat|inquire|say|request|get (?:a|some|your|more) (?:advice|help|info\w*|suggestion\w*|"
    r"idea\w*))|"
    r"(?:(?:some|a|any|more|a bit of|a little|your) )*(?:help|advice|ideas?|suggestions?|recommendations?|tips?|"
    r"info\w*|"
    r"answers?|explanation|list|summary|translation|poem|story|joke|example)\b)|"
    r"(?:have|had|got|have got)?\s*(?:(?:a|an|one|another|some|few|two|no|quick|question|small|any|"
    r"more)\s+)*(?:questions?|doubts?|"
    r"requests?|clue|idea)\b|"
    r"(?:looking|searching|asking|hoping) (?:for|to) (?:(?:some|any|a|your|get|more|an?)\s+)*(?:advice|help|tips?|"
    r"suggestions?|"
    r"recommendations?|ideas?|info\w*|answers?)|(?:wondering|curious|asking|not sure (?:if|how|what|whether|which|"
    r"about)|"
    r"confused|talking about|referring)\b)",
    re.IGNORECASE,
)
MOOD = re.compile(
    r"(?:i|we)(?:'m| am|'re| are| was|'ve been| have been| feel| felt)\s+(?:(?:so|really|very|just|pretty|doing|quite|"
    r"feeling|too|"
    r"also|a bit|all|glad|not|super|more|always|only|definitely|that|be|totally)\s+)*"
    r"(?:glad|happy|sorry|sure|fine|good|great|ok|okay|well|excited|here|back|afraid|done|ready|curious|honou?red|"
    r"grateful|"
    r"thankful|impressed|amazed|jealous|tired|bored|hungry|sleepy|thirsty|busy|listening|kidding|joking|serious|right|"
    r"wrong|"
    r"stoked|thrilled|pleased|delighted|in(?=\Z| for )|alright|better|sad|touched|inspired|flattered|there|with you|"
    r"proud)\b(?P<rest>.*)",
    re.IGNORECASE,
)
LASTING_MOOD = re.compile(
    r"\s*(?:(?:at|in|about|of|with|for|to|as)\s+.*\b(?:my|our)\b|"
    r"(?:at|of|in|with|about|on|from)\s+(?!you|that\b|it\b|this\b|him\b|her\b|them\b|course|general|how\b|what\b)\w|"
    r"to\s+\w+\s+\w+.*\bmy\b)",
    re.IGNORECASE,
)
MOMENT = re.compile(r"\b(?:today|tonight|right now|at the moment|this (?:morning|afternoon|evening))\b", re.IGNORECASE)
FEELING = re.compile(
    r"(?:i|we)(?:'m| am)? (?:feel|feeling|think|believe|guess)\b|maybe|perhaps|probably",
    re.IGNORECASE,
)

_BE = r"(?:is|are|was|were|has been|have been|will be|became|isn't|aren't|means|=)"
OWN_SUBJECT = re.compile(
    rf"(?:(?:both|all|some|each|many|most|half)\s+(?:of\s+)?)?{OWN}\s+\S|(?:one|some|both|all|most|half|many|two|"
    rf"three|four|none|neither|each|several|a (?:few|friend|couple)|the \w+)"
    rf"(?: \w+)? of (?:my|our|us|mine|ours)\b|(?:a|an|this|that|the) \w+ of mine\b|me and my\b|both of us\b|"
    rf"the [^,.]{{2,60}}?\s(?:i|we|my|our)\s+[^,.]{{2,80}}?\s{_BE}\s|{_PARENT}\s+\w+",
    re.IGNORECASE,
)
# A verb that no list holds ("my licence expires in May"), or a colon in its place ("my size: 42").
UNKNOWN_VERB = re.compile(
    rf"{OWN}\s+(?:\S+\s+){{1,3}}?\w+(?<!s)s\s+(?!and\b|or\b|of\b)\S|{OWN}\s[^:]{{2,40}}:\s*\S",
    re.IGNORECASE,
)
THERE_IS = re.compile(r"there(?:'s| is| are| was| were)\b.*\b(?:my|our|me|i)\b", re.IGNORECASE)
OWN_OBJECT = re.compile(
    rf"(?!{_WH}\b|{_AUX}\b|it'?s\b|this\b|that'?s?\b|you\b)(?:\S+\s+){{1,6}}?{_BE}\s+(?:(?:also|still|really|"
    rf"definitely|always|now|"
    rf"currently|one|all|both|part|half|some|by far|not)\s+)*(?:of\s+)?(?:my|our|mine|ours)\b|"
    rf"(?:it'?s|it is|it was|it'll be|it will be|this is|that'?s|that is)\s+(?:my|our)\s+\w+\s+\w|"
    rf"(?!{_WH}\b|{_AUX}\b|you\b|that'?s?\b|this\b|it\b)(?:\S+\s+){{1,4}}?"
    r"(?:makes?|made|gives?|gave|helps?|keeps?|drives?|bores?|relaxes|calms?|annoys?|scares?|bothers?|terrif\w+|"
    r"disgusts?|"
    r"fascinates?|interests?|inspires?|upsets?|reminds?|taught|teaches|bought|sent|told|calls?|visits?|loves?|likes?|"
    r"knows?|"
    r"lives? (?:with|near)|works? with|married|left|asked|promoted|hired)\s+(?:me|us|my|our)\b|"
    rf"(?!{_WH}\b|{_AUX}\b|you\b|that'?s?\b|this\b|it\b|thanks?\b|sounds?\b|looks?\b|"
    rf"seems?\b)(?:\S+\s+){{1,4}}?\w+(?:s|ed)\s+"
    r"(?:\S+\s+){0,6}?(?:to|for|with|on|of|about|from|near|behind|beside) (?:me|us|my|our)\b",
    re.IGNORECASE,
)
NAMED = re.compile(
    r"(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+){0,2})(?:'s\s+\w+(?: \w+)?\s+(?:is|are|was|has|takes|starts|will)\b|"
    r"\s+(?:(?:also|now|currently|still|really|always|usually)\s+)?(?:works|lives|likes|loves|hates|prefers|studies|"
    r"plays|moved|"
    r"speaks|teaches|enjoys|graduated|got married|(?:is|was) (?:born|allergic|married|single|divorced|from|my|\d+|"
    r"called|named|held|located|on\b|an? (?:\w+ ){0,3}?(?:\w{3,}(?:er|or|ist|ian|ant|man|woman)|nurse|chef|cook|vegan|"
    r"student|friend|"
    r"judge|pilot|girl|boy|dog|cat)\b)|has (?:a|an|two|three|one|no)|can't eat|doesn't (?:like|eat|drink))\b)"
)
_NOT_NAMES_TEXT = """
    It This That There Here He She They You What Who Which Everyone Everything Someone Something Nothing Nobody Life
    Today Tomorrow Yesterday Music Nature Sometimes Thanks Sounds Looks The A An One Such How People Love Work Time
    Weather Food Art Being Having Patience Maybe Because If When Monday Tuesday Wednesday Thursday Friday Saturday
    Sunday Exercise Reading Cooking Everybody Anything Anyone Success Learning Change Health Your Please
"""
NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
PRONOUN = re.compile(r"(?:he|she|it|they|he's|she's|it's|they're|his|her|its|their)\s+\S", re.IGNORECASE)
IT_IS_MY = re.compile(r"it(?:'s| is| was|'ll be| will be) (?:my|our)\b", re.IGNORECASE)
CALL_ME = re.compile(
    r"(?:(?:you can|please|just|but|everyone|people|friends)\s+)*calls? me\s+(?P<name>\S.*)\Z",
    re.IGNORECASE,
)
LEFT_OUT = re.compile(
    r"(?P<be>(?:(?:still|also|currently|now|already|happily|originally|just|really|recently|not)\s+)*(?:allergic to|"
    r"married|"
    r"divorced|engaged|single and|born (?:in|on)|based in|from \w+ originally|originally from|vegetarian|vegan|"
    r"lactose|going to\b|"
    r"planning (?:to|on|a)|thinking (?:of|about) |living in|working (?:as|at|for|in)|training for|off to|head(?:ing|"
    r"ed) to|self-employed|pregnant|(?:a )?(?:big|huge) fan of|colou?r-?blind|left-handed|in love with|learning|"
    r"studying|"
    r"moving to|"
    r"flying to|looking for a|afraid of|scared of|obsessed with|addicted to|\d+ years old|expecting a)\b)|"
    r"(?P<do>(?:(?:really|also|absolutely|still|just|never|always|usually|recently|finally|actually|already|"
    r"mostly)\s+)*"
    r"(?:love|hate|like|prefer|enjoy|dislike|adore|(?:can't|cannot|couldn't) (?!wait|believe|say|complain|imagine|"
    r"help|tell|see|find|you|we|i\\b)[a-z]+|"
    r"don't (?:like|eat|drink|smoke|own|have|drive)|live in|work (?:as|at|for|in)|used to|have (?:two|three|four|no)|"
    r"got (?:a|an|two|my|married|engaged|divorced|promoted|into)|been \w+ing))\s+(?!it\b|this\b|that\b|you|the way|"
    r"what|how)\S",
    re.IGNORECASE,
)
LEFT_OUT_PAST = re.compile(
    r"(?:(?:just|recently|finally|already|never|also)\s+)*(?P<verb>[a-z]+)\s+(?!it\b|this\b|that\b|you|by\b|with you|"
    r"about it)\S",
    re.I,
)
_NO_STATEMENT_PAST_TEXT = """
    said told heard noted agreed sounded looked seemed thought felt got loved enjoyed missed
"""
NO_STATEMENT_PAST = frozenset(_NO_STATEMENT_PAST_TEXT.split())
