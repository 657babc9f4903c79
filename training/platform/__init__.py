"""The learning platform (正保, specification 3.5): who is handed over, how, and what the platform answers.

hand_off.py  hand people over, send again, withdraw: what the screens call
excel.py     by a file: the roster in the platform's layout
http.py      by signed requests (README.md beside this file is the contract)
jobs.py      sending and asking in the background, resumed after a crash
answers.py   what the platform says of each person, whichever way it came
"""
