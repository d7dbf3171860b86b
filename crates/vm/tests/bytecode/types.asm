main <types.lua>
; parameters 0+, registers 7, upvalues 1, constants 6, functions 1
    1 3:18+16    NewTable             R0 2 0
    2 3:18+16    SetFieldConst        R0 K0 K1          ; "x" 1
    3 3:18+16    SetFieldConst        R0 K2 K3          ; "y" 2
    4 4:7+8      Closure              R1 P0
    5 5:11+1     Move                 R2 R0
    6 6:12+1     GetUpvalueField      R3 U0 K4          ; _ENV "f"
    7 6:12+1     Call                 R3 1 2
    8 7:11+1     GetUpvalueField      R4 U0 K4          ; _ENV "f"
    9 7:11+1     Call                 R4 1 2
   10 8:11+1     GetField             R5 R0 K0          ; "x"
   11 9:8+9      LoadConst            R6 K5             ; type Point
   12 9          Return1              R6
   13 9          Return0
; local 0 p 4 to 14
; local 1 area 5 to 14
; local 2 q 6 to 14
; local 3 r 8 to 14
; local 4 s 10 to 14
; local 5 t 11 to 14
; upvalue U0 _ENV = R0

function 0 <types.lua:4,4>
; parameters 2, registers 3, upvalues 0, constants 0, functions 0
    1 4:60+1     Mul                  R2 R0 R1
    2 4          Return1              R2
    3 4          Return0
; local 0 w 1 to 4
; local 1 h 1 to 4
