main <gotos.lua>
; parameters 0+, registers 7, upvalues 1, constants 4, functions 2
    1 2:11+1     LoadInt              R0 1
    2 4:7+1      AddRK                R0 R0 K0          ; 1
    3 5:6+1      LtConst              R0 K1 0           ; 3
    4 5:6+1      Jump                 1                 ; to 6
    5 5          Loop                 -4                ; to 2
    6 6:9+1      LoadInt              R1 1
    7 6:12+1     LoadInt              R2 3
    8 6:12+1     LoadInt              R3 1
    9 6:9+1      ForPrepInt           R1 6              ; to 16
   10 7:8+2      EqConst              R4 K2 1           ; 2
   11 7:8+2      Jump                 3                 ; to 15
   12 8:3+5      GetUpvalueField      R5 U0 K3          ; _ENV "print"
   13 8:9+1      Move                 R6 R4
   14 8:3+5      Call                 R5 2 1
   15 6:9+1      ForLoopInt           R1 -6             ; to 10
   16 12:13+1    Move                 R1 R0
   17 13:3+5     GetUpvalueField      R2 U0 K3          ; _ENV "print"
   18 13:9+8     Closure              R3 P0
   19 13:3+5     Call                 R2 2 1
   20 14:6+1     Test                 R1 0
   21 14:6+1     Jump                 1                 ; to 23
   22 14         Jump                 3                 ; to 26
   23 14         Jump                 4                 ; to 28
   24 15         Close                R1
   25 15         Jump                 4                 ; to 30
   26 14         Close                R1
   27 14         Loop                 -26               ; to 2
   28 15         Close                R1
   29 15         Jump                 0                 ; to 30
   30 18:7+1     Test                 R0 0
   31 18:7+1     Jump                 17                ; to 49
   32 19         LoadNil              R1 0
   33 21:13+8    Closure              R2 P1
   34 22:6+1     Test                 R2 0
   35 22:6+1     Jump                 4                 ; to 40
   36 22         Jump                 1                 ; to 38
   37 22         Jump                 2                 ; to 40
   38 22         Close                R2
   39 22         Loop                 -7                ; to 33
   40 23:6+1     Test                 R1 0
   41 23:6+1     Jump                 3                 ; to 45
   42 23         Close                R1
   43 23         Jump                 5                 ; to 49
   44 23         Jump                 2                 ; to 47
   45 23         Close                R1
   46 23         Jump                 2                 ; to 49
   47 23         Close                R1
   48 23         Loop                 -19               ; to 30
   49 24         Jump                 0                 ; to 50
   50 26         Return               R0 1 1
; local 0 i 2 to 51
; local 1 (for index) 9 to 16
; local 2 (for limit) 9 to 16
; local 3 (for step) 9 to 16
; local 4 j 10 to 15
; local 5 x 17 to 30
; local 6 y 33 to 48
; local 7 z 34 to 48
; upvalue U0 _ENV = R0

function 0 <gotos.lua:13,13>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 13:27+1    GetUpvalue           R0 U0             ; x
    2 13         Return1              R0
    3 13         Return0
; upvalue U0 x = R1

function 1 <gotos.lua:21,21>
; parameters 0, registers 2, upvalues 1, constants 0, functions 0
    1 21:31+1    GetUpvalue           R0 U0             ; y
    2 21         Return1              R0
    3 21         Return0
; upvalue U0 y = R1
