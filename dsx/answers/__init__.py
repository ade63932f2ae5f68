"""What an answer may be, and what it says: between the stages, which all import from here.

limits        how long its parts may be
grammar       the grammar of a question's answer;  verbatim: its rules for words of the text
json_schema   the same for servers that take nothing else
writing       the text of an answer that is known
reader        the text of an answer → its values and their places
objects       the objects in a text that is not quite JSON;  scan, strings, patterns: its lexemes
calibration   which probability a confidence means
"""
