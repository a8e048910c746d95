"""What Chinese questions about a time alone are made of: words of talking, of happening, and those between."""

from __future__ import annotations

from .places import words

TALK = words(
    """
    聊天记录 聊天 聊起 聊到 聊过 聊 谈论 谈话 谈起 谈到 谈及 谈过 谈 讲到 讲过 讲 说话 说起 说到 说过 说 讨论 提到
    提及 提起 提过 提 交流 沟通 对话 会话 交谈 探讨 商量 会谈 闲聊 通话 话题 消息 发给 告诉 分享 问
    """
)
MUTUAL = words(
    """
    聊 谈 讨论 交流 沟通 对话 交谈 探讨 商量
    """
)
HAPPEN = words(
    """
    发生 做 干嘛 干啥 干 忙 经历 过得
    """
)
ASKING = words(
    """
    什么 啥 哪些 哪个 吗 嘛 么 呢 ? ？ 总结 回顾 概括 概述 归纳 列出 列举 列一下 回忆 梳理 整理 复述 复盘 说说 讲讲
    怎么样 怎么 如何 有没有 是不是 记不记得 记得 告诉我 提醒我
    """
)
LITTLE = words(
    """
    我们俩 我们 咱们 咱俩 咱 你们 他们 她们 我 你 您 他 她 它 俺 自己 大家 双方 彼此 互相 的话 的 了 过 得 地 着 吧
    啊 呀 哦 哈 那 这 些 个 件 点 样 都 还 又 也 再 就 只 才 曾经 曾 一共 总共 主要 大概 大致 具体 详细 简单 简要 有
    没 是 在 从 到 和 跟 与 同 对 给 向 把 被 将 于 关于 有关 之间 期间 的时候 时候 当时 那时候 那时 那天 那次 这天
    当天 这次 里面 里 中 内 间 时 上 下 来着 来 去 一起 一下 请 帮我 帮 麻烦 能不能 能 可不可以 可以 会 要 想 知道
    一遍 所有 全部 整个 任何 几 多少 事情 事儿 事 内容 主题 东西 记录 细节 要点 重点 情况 方面 左右 前后 以来 第 次
    回 天 日 月 周 年 日子 下来 起来 最 嗯 好 请问 另外 然后 然后呢 、 很多 好多 许多 不少 多
    """
)
KNOWN = TALK | HAPPEN | ASKING | LITTLE
PLAN = words("安排 计划 日程 行程 打算 约会 预约")
