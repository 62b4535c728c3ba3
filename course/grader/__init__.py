"""The instructors' grader. No lesson imports it, and it imports no lesson."""

import sys

# jsonschema, which nbformat needs, would load a grammar of internationalised addresses if it could:
# more than half of the grader's start, and no notebook holds one.
sys.modules.setdefault("rfc3987_syntax", None)
