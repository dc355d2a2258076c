"""List the shop's goods, and the messages of its customers and agents."""

from connectors.records import TicketKind

GOODS: dict[str, tuple[tuple[str, int], ...]] = {
    "books": (("City atlas", 1899), ("Cook book", 2450), ("Crime novel", 899), ("Picture book", 1099), ("Travel guide", 1499)),
    "electronics": (("Headphones", 7999), ("Power bank", 2999), ("Desk lamp", 3450), ("Webcam", 4599), ("E-reader", 11900)),
    "home": (("Tea towel set", 1250), ("Saucepan", 3899), ("Wool blanket", 5499), ("Storage box", 999), ("Wall clock", 2699)),
    "beauty": (("Hand cream", 749), ("Sun cream", 1295), ("Perfume", 5900), ("Shampoo", 625), ("Gift set", 3200)),
    "sports": (("Yoga mat", 2199), ("Running socks", 899), ("Water bottle", 1349), ("Dumbbells", 4195), ("Tennis balls", 650)),
    "toys": (("Wooden train", 2895), ("Puzzle", 1199), ("Kite", 1575), ("Board game", 3299), ("Plush bear", 1825)),
    "grocery": (("Green tea", 575), ("Coffee beans", 1099), ("Olive oil", 1349), ("Dark chocolate", 325), ("Honey", 785)),
    "fashion": (("Scarf", 2299), ("Leather belt", 3150), ("Rain jacket", 8950), ("T-shirt", 1695), ("Trainers", 7250)),
}
"""Name and price in British pence, by category."""

SUBJECTS: dict[str, dict[TicketKind, str]] = {
    "en": {
        TicketKind.QUESTION: "Question about my order",
        TicketKind.COMPLAINT: "My parcel arrived damaged",
        TicketKind.INCIDENT: "I cannot sign in",
        TicketKind.TASK: "Please change my address",
        TicketKind.REVIEW: "My review",
    },
    "zh": {
        TicketKind.QUESTION: "关于订单的问题",
        TicketKind.COMPLAINT: "收到的包裹已损坏",
        TicketKind.INCIDENT: "无法登录账户",
        TicketKind.TASK: "请修改我的地址",
        TicketKind.REVIEW: "我的评价",
    },
    "pt": {
        TicketKind.QUESTION: "Dúvida sobre o meu pedido",
        TicketKind.COMPLAINT: "A encomenda chegou danificada",
        TicketKind.INCIDENT: "Não consigo entrar na conta",
        TicketKind.TASK: "Por favor, alterem o meu endereço",
        TicketKind.REVIEW: "A minha avaliação",
    },
}

OPENINGS: dict[str, dict[TicketKind, str]] = {
    "en": {
        TicketKind.QUESTION: "Hello, when will my order be here? I need it before the weekend.",
        TicketKind.COMPLAINT: "The box was crushed and one item is broken. I would like a replacement.",
        TicketKind.INCIDENT: "The page says that my password is wrong, also after I changed it.",
        TicketKind.TASK: "We have moved. Could you send future orders to the new address?",
        TicketKind.REVIEW: "Quick delivery and good quality, thank you.",
    },
    "zh": {
        TicketKind.QUESTION: "您好,请问我的订单什么时候能到?周末之前需要用。",
        TicketKind.COMPLAINT: "箱子被压坏了,其中一件商品破损,希望换货。",
        TicketKind.INCIDENT: "页面一直提示密码错误,修改密码之后也不行。",
        TicketKind.TASK: "我们搬家了,以后的订单请寄到新地址。",
        TicketKind.REVIEW: "发货很快,质量很好,谢谢。",
    },
    "pt": {
        TicketKind.QUESTION: "Olá, quando chega o meu pedido? Preciso dele antes do fim de semana.",
        TicketKind.COMPLAINT: "A caixa veio amassada e um produto está partido. Gostaria de uma troca.",
        TicketKind.INCIDENT: "A página diz que a senha está errada, mesmo depois de a mudar.",
        TicketKind.TASK: "Mudámos de casa. Podem enviar os próximos pedidos para o novo endereço?",
        TicketKind.REVIEW: "Entrega rápida e boa qualidade, obrigado.",
    },
}

AGENT_REPLIES: dict[str, tuple[str, ...]] = {
    "en": (
        "Thank you for writing to us, I am looking into it.",
        "I have asked our warehouse.",
        "This is done. Have a good day!",
    ),
    "zh": ("感谢您的来信,我正在查询。", "我已经联系仓库。", "已经处理好了,祝您愉快!"),
    "pt": ("Obrigado pela mensagem, estou a verificar.", "Já perguntei ao armazém.", "Está resolvido. Tenha um bom dia!"),
}
"""The first, a later and the last thing that an agent says."""

CUSTOMER_REPLIES: dict[str, tuple[str, ...]] = {
    "en": ("Here is a photo.", "Is there any news?"),
    "zh": ("这是照片。", "请问有进展吗?"),
    "pt": ("Segue uma foto.", "Há novidades?"),
}
