main <functions.lua>
; parameters 0+, registers 4, upvalues 1, constants 5, functions 7
    1 5          Closure              R0 P0
    2 9          Closure              R1 P1
    3 6:10+6     SetUpvalueField      U0 K0 R1          ; _ENV "global"
    4 10:11+2    NewTable             R1 0 0
    5 11:1+8     Closure              R2 P2
    6 11:10+1    SetField             R1 K1 R2          ; "f"
    7 12:10+1    GetField             R2 R1 K2          ; "a"
    8 12:12+1    GetField             R2 R2 K3          ; "b"
    9 12:1+8     Closure              R3 P3
   10 12:14+1    SetField             R2 K4 R3          ; "method"
   11 13         LoadNil              R2 0
   12 14:1+8     Closure              R3 P4
   13 14:10+1    Move                 R2 R3
   14 15:5+8     Closure              R3 P5
   15 15:5+8     Move                 R2 R3
   16 16:8+8     Closure              R3 P6
   17 16         Return               R3 2 1
   18 16         Return               R0 1 1
; local 0 fact 2 to 19
; local 1 m 5 to 19
; local 2 f 12 to 19
; upvalue U0 _ENV = R0

function 0 <functions.lua:2,5>
; parameters 1, registers 3, upvalues 1, constants 2, functions 0
    1 3:8+2      EqConst              R0 K0 0           ; 0
    2 3:8+2      Jump                 2                 ; to 5
    3 3:25+1     LoadInt              R1 1
    4 3          Return1              R1
    5 4:14+4     GetUpvalue           R1 U0             ; fact
    6 4:21+1     SubRK                R2 R0 K1          ; 1
    7 4:14+4     Call                 R1 2 2
    8 4:12+1     Mul                  R1 R0 R1
    9 4          Return1              R1
   10 5          Return0
; local 0 n 1 to 11
; upvalue U0 fact = R0

function 1 <functions.lua:6,9>
; parameters 2+, registers 7, upvalues 1, constants 2, functions 0
    1 7:16+3     Vararg               R2 3
    2 8:10+6     GetUpvalueField      R4 U0 K0          ; _ENV "select"
    3 8:17+3     LoadConst            R5 K1             ; "#"
    4 8:22+3     Vararg               R6 0
    5 8:10+6     Call                 R4 0 2
    6 8:28+7     NewTable             R5 0 0
    7 8:30+3     Vararg               R6 0
    8 8          SetList              R5 0 0
    9 8          Extra                0
   10 8          Return               R4 3 0
   11 9          Return0
; local 0 a 1 to 12
; local 1 b 1 to 12
; local 2 c 2 to 12
; local 3 d 2 to 12
; upvalue U0 _ENV = U0

function 2 <functions.lua:11,11>
; parameters 0, registers 2, upvalues 0, constants 0, functions 0
    1 11         Return0

function 3 <functions.lua:12,12>
; parameters 2, registers 4, upvalues 0, constants 0, functions 0
    1 12:33+4    Move                 R2 R0
    2 12:39+1    Move                 R3 R1
    3 12         Return               R2 3 0
    4 12         Return0
; local 0 self 1 to 5
; local 1 x 1 to 5

function 4 <functions.lua:14,14>
; parameters 0, registers 2, upvalues 0, constants 0, functions 0
    1 14         Return0

function 5 <functions.lua:15,15>
; parameters 0+, registers 2, upvalues 0, constants 0, functions 0
    1 15:26+3    Vararg               R0 0
    2 15         Return               R0 0 0
    3 15         Return0

function 6 <functions.lua:16,16>
; parameters 0, registers 2, upvalues 0, constants 0, functions 0
    1 16         Return0
