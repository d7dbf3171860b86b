main <calls.lua>
; parameters 0+, registers 9, upvalues 1, constants 11, functions 3
    1 2:11+3     Vararg               R0 2
    2 3:1+1      GetUpvalueField      R1 U0 K0          ; _ENV "f"
    3 3:1+1      Call                 R1 1 1
    4 4:1+1      GetUpvalueField      R1 U0 K0          ; _ENV "f"
    5 4:3+1      LoadInt              R2 1
    6 4:6+1      Move                 R3 R0
    7 4:9+3      LoadConst            R4 K1             ; "s"
    8 4:1+1      Call                 R1 4 1
    9 5:1+1      GetUpvalueField      R1 U0 K0          ; _ENV "f"
   10 5:3+1      GetUpvalueField      R2 U0 K2          ; _ENV "g"
   11 5:3+1      Call                 R2 1 2
   12 5:8+1      GetUpvalueField      R3 U0 K3          ; _ENV "h"
   13 5:8+1      Call                 R3 1 0
   14 5:1+1      Call                 R1 0 1
   15 6:1+1      GetUpvalueField      R1 U0 K0          ; _ENV "f"
   16 6:3+1      GetUpvalueField      R2 U0 K2          ; _ENV "g"
   17 6:5+3      Vararg               R3 0
   18 6:3+1      Call                 R2 0 0
   19 6:1+1      Call                 R1 0 1
   20 7:14+1     GetUpvalueField      R1 U0 K0          ; _ENV "f"
   21 7:16+3     Vararg               R2 0
   22 7:14+1     Call                 R1 0 3
   23 8:1+1      Method               R3 R0 K4          ; "m"
   24 8:5+1      LoadInt              R5 1
   25 8:3+1      Call                 R3 3 1
   26 9:1+1      GetField             R3 R0 K5          ; "p"
   27 9:3+1      GetField             R3 R3 K6          ; "q"
   28 9:5+1      Method               R3 R3 K4          ; "m"
   29 9:9+3      Vararg               R5 0
   30 9:7+1      Call                 R3 0 2
   31 10:2+3     LoadConst            R4 K7             ; "x"
   32 9:7+6      Call                 R3 2 2
   33 10         Method               R3 R3 K8          ; "rep"
   34 10:11+1    LoadInt              R5 3
   35 9          Call                 R3 3 1
   36 11:1+1     GetUpvalueField      R3 U0 K0          ; _ENV "f"
   37 11:3+5     NewTable             R4 0 1
   38 11:5+1     LoadInt              R5 1
   39 11         SetList              R4 1 0
   40 11         Extra                0
   41 11:1+1     Call                 R3 2 2
   42 11:9+3     LoadConst            R4 K1             ; "s"
   43 11:1+7     Call                 R3 2 2
   44 11:13+5    LoadConst            R4 K9             ; "t"
   45 11:1+11    Call                 R3 2 1
   46 12:1+5     GetUpvalueField      R3 U0 K10         ; _ENV "print"
   47 12:8+1     GetUpvalueField      R4 U0 K0          ; _ENV "f"
   48 12:8+1     Call                 R4 1 2
   49 12:1+5     Call                 R3 2 1
   50 13:11+12   NewTable             R3 0 1
   51 13:13+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
   52 13:13+1    Call                 R4 1 2
   53 13:18+1    GetUpvalueField      R5 U0 K0          ; _ENV "f"
   54 13:18+1    Call                 R5 1 0
   55 13         SetList              R3 0 0
   56 13         Extra                0
   57 14:7+8     Closure              R4 P0
   58 15:7+8     Closure              R5 P1
   59 16:7+8     Closure              R6 P2
   60 17:8+1     Method               R7 R0 K4          ; "m"
   61 17:10+1    TailCall             R7 2 1
   62 17         Return               R7 0 1
   63 17         Return               R0 1 1
; local 0 o 2 to 64
; local 1 a 23 to 64
; local 2 b 23 to 64
; local 3 x 57 to 64
; local 4 tail 58 to 64
; local 5 open 59 to 64
; local 6 one 60 to 64
; upvalue U0 _ENV = R0

function 0 <calls.lua:14,14>
; parameters 1, registers 3, upvalues 1, constants 1, functions 0
    1 14:31+4    GetUpvalue           R1 U0             ; tail
    2 14:38+1    SubRK                R2 R0 K0          ; 1
    3 14:31+4    TailCall             R1 2 0
    4 14         Return               R1 0 0
    5 14         Return0
; local 0 n 1 to 6
; upvalue U0 tail = R4

function 1 <calls.lua:15,15>
; parameters 0, registers 2, upvalues 1, constants 1, functions 0
    1 15:30+1    GetUpvalueField      R0 U0 K0          ; _ENV "f"
    2 15:30+1    Call                 R0 1 2
    3 15:35+1    GetUpvalueField      R1 U0 K0          ; _ENV "f"
    4 15:35+1    Call                 R1 1 0
    5 15         Return               R0 0 0
    6 15         Return0
; upvalue U0 _ENV = U0

function 2 <calls.lua:16,16>
; parameters 0, registers 2, upvalues 1, constants 1, functions 0
    1 16:30+1    GetUpvalueField      R0 U0 K0          ; _ENV "f"
    2 16:30+1    Call                 R0 1 2
    3 16         Return1              R0
    4 16         Return0
; upvalue U0 _ENV = U0
