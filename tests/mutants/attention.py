WRONG = {}
RIGHT = {}
SAYS = {}
