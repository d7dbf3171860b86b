main <loops.lua>
; parameters 0+, registers 10, upvalues 1, constants 4, functions 0
    1 2:14+3     Vararg               R0 3
    2 3:9+1      LoadInt              R2 1
    3 3:12+1     Move                 R3 R0
    4 3:12+1     LoadInt              R4 1
    5 3:9+1      ForPrepInt           R2 4              ; to 10
    6 3:17+1     GetUpvalueField      R6 U0 K0          ; _ENV "f"
    7 3:19+1     Move                 R7 R5
    8 3:17+1     Call                 R6 2 1
    9 3:9+1      ForLoopInt           R2 -4             ; to 6
   10 4:9+1      LoadInt              R2 1
   11 4:12+2     LoadInt              R3 10
   12 4:16+1     LoadInt              R4 1
   13 4:9+1      ForPrepInt           R2 1              ; to 15
   14 4:9+1      ForLoopInt           R2 -1             ; to 14
   15 5:9+5      LoadInt              R2 2
   16 5:16+1     Move                 R3 R0
   17 5:16+1     LoadInt              R4 1
   18 5:9+5      ForPrepInt           R2 1              ; to 20
   19 5:9+5      ForLoopInt           R2 -1             ; to 19
   20 6:9+1      Move                 R2 R0
   21 6:12+1     LoadInt              R3 1
   22 6:15+2     LoadInt              R4 -1
   23 6:9+1      ForPrep              R2 4              ; to 28
   24 6:21+1     GetUpvalueField      R6 U0 K0          ; _ENV "f"
   25 6:23+1     Move                 R7 R5
   26 6:21+1     Call                 R6 2 1
   27 6:9+1      ForLoop              R2 -4             ; to 24
   28 7:9+3      LoadFloat            R2 1
   29 7:14+1     LoadInt              R3 2
   30 7:14+1     LoadInt              R4 1
   31 7:9+3      ForPrep              R2 1              ; to 33
   32 7:9+3      ForLoop              R2 -1             ; to 32
   33 8:9+1      LoadInt              R2 1
   34 8:12+1     Move                 R3 R0
   35 8:15+1     Move                 R4 R1
   36 8:9+1      ForPrep              R2 1              ; to 38
   37 8:9+1      ForLoop              R2 -1             ; to 37
   38 9:10+4     GetUpvalueField      R2 U0 K1          ; _ENV "next"
   39 9:16+1     Move                 R3 R0
   40 9:16+1     LoadNil              R4 0
   41 9:16+1     ForIn                R2 3              ; to 45
   42 9:21+1     GetUpvalueField      R6 U0 K0          ; _ENV "f"
   43 9:23+1     Move                 R7 R5
   44 9:21+1     Call                 R6 2 1
   45 9:16+1     ForCall              R2 1
   46 9:16+1     ForNext              R2 -5             ; to 42
   47 10:13+5    GetUpvalueField      R2 U0 K2          ; _ENV "pairs"
   48 10:19+1    Move                 R3 R0
   49 10:13+5    Call                 R2 2 4
   50 10:13+8    ForIn                R2 4              ; to 55
   51 10:25+1    GetUpvalueField      R7 U0 K0          ; _ENV "f"
   52 10:27+1    Move                 R8 R5
   53 10:30+1    Move                 R9 R6
   54 10:25+1    Call                 R7 3 1
   55 10:13+8    ForCall              R2 2
   56 10:13+8    ForNext              R2 -6             ; to 51
   57 11:19+1    GetUpvalueField      R2 U0 K0          ; _ENV "f"
   58 11:22+1    Move                 R3 R1
   59 11:25+1    Move                 R4 R0
   60 11:28+1    LoadInt              R5 4
   61 11:28+1    ForIn                R2 0              ; to 62
   62 11:28+1    ForCall              R2 4
   63 11:28+1    ForNext              R2 -2             ; to 62
   64 12:9+1     LoadInt              R2 1
   65 12:12+1    Move                 R3 R0
   66 12:12+1    LoadInt              R4 1
   67 12:9+1     ForPrepInt           R2 8              ; to 76
   68 12:25+1    Move                 R6 R5
   69 12:28+1    Move                 R7 R0
   70 12:28+1    LoadInt              R8 1
   71 12:25+1    ForPrep              R6 3              ; to 75
   72 12:38+2    Eq                   R5 R9 1
   73 12:38+2    Jump                 1                 ; to 75
   74 12:25+1    ForLoop              R6 -3             ; to 72
   75 12:9+1     ForLoopInt           R2 -8             ; to 68
   76 13:7+1     Test                 R0 0
   77 13:7+1     Jump                 2                 ; to 80
   78 13:16+1    GetField             R0 R0 K1          ; "next"
   79 13         Loop                 -4                ; to 76
   80 14:18+1    GetUpvalueField      R2 U0 K0          ; _ENV "f"
   81 14:18+1    Call                 R2 1 2
   82 14:30+2    EqConst              R2 K3 1           ; nil
   83 14:30+2    Jump                 1                 ; to 85
   84 14         Loop                 -5                ; to 80
   85 14         Return0
; local 0 n 2 to 86
; local 1 s 2 to 86
; local 2 (for index) 5 to 10
; local 3 (for limit) 5 to 10
; local 4 (for step) 5 to 10
; local 5 i 6 to 9
; local 6 (for index) 13 to 15
; local 7 (for limit) 13 to 15
; local 8 (for step) 13 to 15
; local 9 i 14 to 14
; local 10 (for index) 18 to 20
; local 11 (for limit) 18 to 20
; local 12 (for step) 18 to 20
; local 13 i 19 to 19
; local 14 (for index) 23 to 28
; local 15 (for limit) 23 to 28
; local 16 (for step) 23 to 28
; local 17 i 24 to 27
; local 18 (for index) 31 to 33
; local 19 (for limit) 31 to 33
; local 20 (for step) 31 to 33
; local 21 i 32 to 32
; local 22 (for index) 36 to 38
; local 23 (for limit) 36 to 38
; local 24 (for step) 36 to 38
; local 25 i 37 to 37
; local 26 (for generator) 41 to 47
; local 27 (for state) 41 to 47
; local 28 (for control) 41 to 47
; local 29 k 42 to 45
; local 30 (for generator) 50 to 57
; local 31 (for state) 50 to 57
; local 32 (for control) 50 to 57
; local 33 k 51 to 55
; local 34 v 51 to 55
; local 35 (for generator) 61 to 64
; local 36 (for state) 61 to 64
; local 37 (for control) 61 to 64
; local 38 a 62 to 62
; local 39 b 62 to 62
; local 40 c 62 to 62
; local 41 d 62 to 62
; local 42 (for index) 67 to 76
; local 43 (for limit) 67 to 76
; local 44 (for step) 67 to 76
; local 45 i 68 to 75
; local 46 (for index) 71 to 75
; local 47 (for limit) 71 to 75
; local 48 (for step) 71 to 75
; local 49 j 72 to 74
; local 50 x 82 to 85
; upvalue U0 _ENV = R0
