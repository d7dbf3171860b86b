main <closures.lua>
; parameters 0+, registers 7, upvalues 1, constants 5, functions 8
    1 2:14+2     NewTable             R0 0 0
    2 3:9+1      LoadInt              R1 1
    3 3:12+1     LoadInt              R2 3
    4 3:12+1     LoadInt              R3 1
    5 3:9+1      ForPrepInt           R1 4              ; to 10
    6 3:27+8     Closure              R5 P0
    7 3:17+4     SetTable             R0 R4 R5
    8 3          Close                R4
    9 3:9+1      ForLoopInt           R1 -4             ; to 6
   10 4:13+5     GetUpvalueField      R1 U0 K0          ; _ENV "pairs"
   11 4:19+4     Move                 R2 R0
   12 4:13+5     Call                 R1 2 4
   13 4:13+11    ForIn                R1 7              ; to 21
   14 4:38+8     Closure              R6 P1
   15 4:28+4     SetTable             R0 R5 R6
   16 4:65+1     Test                 R5 0
   17 4:65+1     Jump                 2                 ; to 20
   18 4          Close                R4
   19 4          Jump                 3                 ; to 23
   20 4          Close                R4
   21 4:13+11    ForCall              R1 2
   22 4:13+11    ForNext              R1 -9             ; to 14
   23 5:7+4      Test                 R0 0
   24 5:7+4      Jump                 9                 ; to 34
   25 5:25+1     LoadInt              R1 1
   26 5:36+8     Closure              R2 P2
   27 5:27+4     SetField             R0 K1 R2          ; "f"
   28 5:66+1     GtConst              R1 K2 0           ; 2
   29 5:66+1     Jump                 2                 ; to 32
   30 5          Close                R1
   31 5          Jump                 2                 ; to 34
   32 5          Close                R1
   33 5          Loop                 -11               ; to 23
   34 6:18+1     GetUpvalueField      R1 U0 K1          ; _ENV "f"
   35 6:18+1     Call                 R1 1 2
   36 6:31+8     Closure              R2 P3
   37 6:22+4     SetField             R0 K3 R2          ; "g"
   38 6:61+1     Test                 R1 1
   39 6:61+1     Jump                 2                 ; to 42
   40 6          Close                R1
   41 6          Loop                 -8                ; to 34
   42 6          Close                R1
   43 8          LoadNil              R1 0
   44 9:6+4      Test                 R0 1
   45 9:6+4      Jump                 4                 ; to 50
   46 10:12+8    Closure              R2 P4
   47 10:3+4     SetField             R0 K4 R2          ; "h"
   48 10         Close                R1
   49 10         Jump                 2                 ; to 52
   50 9          Close                R1
   51 9          Jump                 0                 ; to 52
   52 16         Closure              R1 P5
   53 17:7+8     Closure              R2 P6
   54 20         Closure              R3 P7
   55 20         Return               R0 1 1
; local 0 list 2 to 56
; local 1 (for index) 5 to 10
; local 2 (for limit) 5 to 10
; local 3 (for step) 5 to 10
; local 4 i 6 to 9
; local 5 (for generator) 13 to 23
; local 6 (for state) 13 to 23
; local 7 (for control) 13 to 23
; local 8 _ 14 to 21
; local 9 v 14 to 21
; local 10 x 26 to 33
; local 11 y 36 to 43
; local 12 z 44 to 52
; local 13 counter 53 to 56
; local 14 nothing_captured 54 to 56
; local 15 shared 55 to 56
; upvalue U0 _ENV = R0

function 0 <closures.lua:3,3>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 3:45+1     GetUpvalue           R0 U0             ; i
    2 3          Return1              R0
    3 3          Return0
; upvalue U0 i = R4

function 1 <closures.lua:4,4>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 4:56+1     GetUpvalue           R0 U0             ; v
    2 4          Return1              R0
    3 4          Return0
; upvalue U0 v = R5

function 2 <closures.lua:5,5>
; parameters 0, registers 2, upvalues 1, constants 1, functions 0
    1 5:51+1     GetUpvalue           R0 U0             ; x
    2 5:53+1     AddRK                R0 R0 K0          ; 1
    3 5:47+1     SetUpvalue           R0 U0             ; x
    4 5          Return0
; upvalue U0 x = R1

function 3 <closures.lua:6,6>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 6:49+1     GetUpvalue           R0 U0             ; y
    2 6          Return1              R0
    3 6          Return0
; upvalue U0 y = R1

function 4 <closures.lua:10,10>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 10:30+1    GetUpvalue           R0 U0             ; z
    2 10         Return1              R0
    3 10         Return0
; upvalue U0 z = R1

function 5 <closures.lua:13,16>
; parameters 0, registers 3, upvalues 0, constants 0, functions 1
    1 14:13+1    LoadInt              R0 0
    2 15:10+8    Closure              R1 P0
    3 15:45+1    Move                 R2 R0
    4 15         Return               R1 3 1
    5 16         Return               R0 1 1
; local 0 n 2 to 6

function 5.0 <closures.lua:15,15>
; parameters 0, registers 2, upvalues 1, constants 1, functions 0
    1 15:25+1    GetUpvalue           R0 U0             ; n
    2 15:27+1    AddRK                R0 R0 K0          ; 1
    3 15:21+1    SetUpvalue           R0 U0             ; n
    4 15:38+1    GetUpvalue           R0 U0             ; n
    5 15         Return1              R0
    6 15         Return0
; upvalue U0 n = R0

function 6 <closures.lua:17,17>
; parameters 1, registers 2, upvalues 0, constants 0, functions 0
    1 17         Return1              R0
    2 17         Return0
; local 0 a 1 to 3

function 7 <closures.lua:18,20>
; parameters 1, registers 2, upvalues 1, constants 0, functions 1
    1 19:10+8    Closure              R1 P0
    2 19         Return               R1 2 1
    3 20         Return               R0 1 1
; local 0 a 1 to 4
; upvalue U0 list = R0

function 7.0 <closures.lua:19,19>
; parameters 0, registers 2, upvalues 2, constants 0, functions 1
    1 19:28+8    Closure              R0 P0
    2 19         Return1              R0
    3 19         Return0
; upvalue U0 a = R0
; upvalue U1 list = U0

function 7.0.0 <closures.lua:19,19>
; parameters 0, registers 2, upvalues 2, constants 0, functions 0
    1 19:46+1    GetUpvalue           R0 U0             ; a
    2 19:49+4    GetUpvalue           R1 U1             ; list
    3 19         Return               R0 3 0
    4 19         Return0
; upvalue U0 a = U0
; upvalue U1 list = U1
