main <tables.lua>
; parameters 0+, registers 55, upvalues 1, constants 7, functions 1
    1 2:11+2     NewTable             R0 0 0
    2 3:11+40    NewTable             R1 3 2
    3 3:13+1     LoadInt              R2 1
    4 3:16+1     LoadInt              R3 2
    5 3:11+40    SetFieldConst        R1 K0 K1          ; "x" 1
    6 3:11+40    SetFieldConst        R1 K2 K3          ; "y" 2
    7 3:11+40    SetIndexConst        R1 3 K4           ; 4
    8 3:46+1     GetUpvalueField      R4 U0 K5          ; _ENV "f"
    9 3:46+1     Call                 R4 1 0
   10 3          SetList              R1 0 0
   11 3          Extra                0
   12 4:11+29    NewTable             R2 2 0
   13 4:14+1     GetUpvalueField      R3 U0 K5          ; _ENV "f"
   14 4:14+1     Call                 R3 1 2
   15 4:21+1     GetUpvalueField      R4 U0 K6          ; _ENV "g"
   16 4:21+1     Call                 R4 1 2
   17 4:11+29    SetTable             R2 R3 R4
   18 4:11+29    SetTable             R2 R0 R1
   19 4:35+3     Vararg               R3 0
   20 4          SetList              R2 0 0
   21 4          Extra                0
   22 5:11+24    NewTable             R3 0 2
   23 5:14+3     Vararg               R4 2
   24 5:20+12    NewTable             R5 0 2
   25 5:22+1     LoadInt              R6 1
   26 5:25+5     NewTable             R7 0 1
   27 5:27+1     LoadInt              R8 2
   28 5          SetList              R7 1 0
   29 5          Extra                0
   30 5          SetList              R5 2 0
   31 5          Extra                0
   32 5          SetList              R3 2 0
   33 5          Extra                0
   34 6:11+1     NewTable             R4 0 51
   35 7:3+1      LoadInt              R5 1
   36 7:6+1      LoadInt              R6 2
   37 7:9+1      LoadInt              R7 3
   38 7:12+1     LoadInt              R8 4
   39 7:15+1     LoadInt              R9 5
   40 7:18+1     LoadInt              R10 6
   41 7:21+1     LoadInt              R11 7
   42 7:24+1     LoadInt              R12 8
   43 7:27+1     LoadInt              R13 9
   44 7:30+2     LoadInt              R14 10
   45 7:34+2     LoadInt              R15 11
   46 7:38+2     LoadInt              R16 12
   47 7:42+2     LoadInt              R17 13
   48 7:46+2     LoadInt              R18 14
   49 7:50+2     LoadInt              R19 15
   50 7:54+2     LoadInt              R20 16
   51 7:58+2     LoadInt              R21 17
   52 7:62+2     LoadInt              R22 18
   53 7:66+2     LoadInt              R23 19
   54 7:70+2     LoadInt              R24 20
   55 7:74+2     LoadInt              R25 21
   56 7:78+2     LoadInt              R26 22
   57 7:82+2     LoadInt              R27 23
   58 7:86+2     LoadInt              R28 24
   59 7:90+2     LoadInt              R29 25
   60 7:94+2     LoadInt              R30 26
   61 8:3+2      LoadInt              R31 27
   62 8:7+2      LoadInt              R32 28
   63 8:11+2     LoadInt              R33 29
   64 8:15+2     LoadInt              R34 30
   65 8:19+2     LoadInt              R35 31
   66 8:23+2     LoadInt              R36 32
   67 8:27+2     LoadInt              R37 33
   68 8:31+2     LoadInt              R38 34
   69 8:35+2     LoadInt              R39 35
   70 8:39+2     LoadInt              R40 36
   71 8:43+2     LoadInt              R41 37
   72 8:47+2     LoadInt              R42 38
   73 8:51+2     LoadInt              R43 39
   74 8:55+2     LoadInt              R44 40
   75 8:59+2     LoadInt              R45 41
   76 8:63+2     LoadInt              R46 42
   77 8:67+2     LoadInt              R47 43
   78 8:71+2     LoadInt              R48 44
   79 8:75+2     LoadInt              R49 45
   80 8:79+2     LoadInt              R50 46
   81 8:83+2     LoadInt              R51 47
   82 8:87+2     LoadInt              R52 48
   83 8:91+2     LoadInt              R53 49
   84 8:95+2     LoadInt              R54 50
   85 8          SetList              R4 50 0
   86 8          Extra                0
   87 8:99+2     LoadInt              R5 51
   88 8:103+3    Vararg               R6 0
   89 9          SetList              R4 0 0
   90 9          Extra                50
   91 10:8+27    NewTable             R5 1 0
   92 10:14+8    Closure              R6 P0
   93 10:8+27    SetField             R5 K5 R6          ; "f"
   94 10:30+3    Vararg               R6 0
   95 10         SetList              R5 0 0
   96 10         Extra                0
   97 10         Return1              R5
   98 10         Return0
; local 0 a 2 to 99
; local 1 b 12 to 99
; local 2 c 22 to 99
; local 3 d 34 to 99
; local 4 e 91 to 99
; upvalue U0 _ENV = R0

function 0 <tables.lua:10,10>
; parameters 0, registers 2, upvalues 0, constants 0, functions 0
    1 10         Return0
