main <positions.lua>
; parameters 0+, registers 10, upvalues 1, constants 18, functions 2
    1 2:12+3     GetUpvalueField      R0 U0 K0          ; _ENV "req"
    2 2:12+3     GetField             R0 R0 K1          ; "user"
    3 2:16+4     GetField             R0 R0 K2          ; "id"
    4 3:13+1     GetUpvalueField      R1 U0 K3          ; _ENV "a"
    5 5          GetUpvalueField      R2 U0 K4          ; _ENV "b"
    6 5:5+1      GetUpvalueField      R3 U0 K5          ; _ENV "c"
    7 5:3+1      Mul                  R2 R2 R3
    8 3:15+1     Add                  R1 R1 R2
    9 6:1+3      GetUpvalueField      R2 U0 K6          ; _ENV "foo"
   10 8          GetField             R2 R2 K7          ; "bar"
   11 8          Method               R2 R2 K8          ; "baz"
   12 8:8+1      LoadInt              R4 1
   13 9:5+1      GetUpvalueField      R5 U0 K9          ; _ENV "x"
   14 10         GetField             R5 R5 K10         ; "y"
   15 6          Call                 R2 4 1
   16 11:11+1    NewTable             R2 1 1
   17 12:3+1     GetUpvalueField      R3 U0 K9          ; _ENV "x"
   18 12:3+1     GetField             R3 R3 K10         ; "y"
   19 13:7+1     GetUpvalueField      R4 U0 K12         ; _ENV "z"
   20 13:7+1     GetField             R4 R4 K13         ; "w"
   21 13         SetField             R2 K11 R4         ; "f"
   22 15         SetList              R2 1 0
   23 15         Extra                0
   24 16:4+1     GetUpvalueField      R3 U0 K9          ; _ENV "x"
   25 17         GetField             R3 R3 K10         ; "y"
   26 17         Test                 R3 0
   27 17         Jump                 2                 ; to 30
   28 18:3+4     GetUpvalueField      R3 U0 K14         ; _ENV "call"
   29 18:3+4     Call                 R3 1 1
   30 20:9+1     LoadInt              R3 1
   31 21:3+1     GetUpvalueField      R4 U0 K15         ; _ENV "n"
   32 22         LoadInt              R5 1
   33 22         ForPrepInt           R3 6              ; to 40
   34 23:10+1    GetUpvalueField      R7 U0 K9          ; _ENV "x"
   35 23:15+1    GetUpvalueField      R8 U0 K10         ; _ENV "y"
   36 24:5+1     GetUpvalueField      R9 U0 K12         ; _ENV "z"
   37 23:17+2    Concat               R7 R7 R9
   38 24         SetTable             R2 R6 R7
   39 20:9+1     ForLoopInt           R3 -6             ; to 34
   40 30         Closure              R3 P0
   41 26:10+1    SetField             R2 K11 R3         ; "f"
   42 31:7+1     GetUpvalueField      R3 U0 K9          ; _ENV "x"
   43 32:3+1     GetUpvalueField      R4 U0 K10         ; _ENV "y"
   44 32         Lt                   R3 R4 0
   45 32         Jump                 1                 ; to 47
   46 32         Loop                 -5                ; to 42
   47 34:3+1     GetUpvalueField      R3 U0 K9          ; _ENV "x"
   48 34:3+1     GetField             R3 R3 K10         ; "y"
   49 35:5+1     GetUpvalueField      R4 U0 K16         ; _ENV "u"
   50 35:5+1     GetField             R4 R4 K17         ; "v"
   51 35         SetTable             R2 R3 R4
   52 37         Closure              R3 P1
   53 37         Return1              R3
   54 37         Return0
; local 0 id 4 to 55
; local 1 sum 9 to 55
; local 2 t 24 to 55
; local 3 (for index) 33 to 40
; local 4 (for limit) 33 to 40
; local 5 (for step) 33 to 40
; local 6 i 34 to 39
; upvalue U0 _ENV = R0

function 0 <positions.lua:26,30>
; parameters 1, registers 2, upvalues 0, constants 1, functions 0
    1 29         GetField             R1 R0 K0          ; "b"
    2 29         Return1              R1
    3 30         Return0
; local 0 a 1 to 4

function 1 <positions.lua:36,37>
; parameters 0, registers 2, upvalues 0, constants 0, functions 0
    1 37         Return0
