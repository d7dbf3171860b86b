main <conditions.lua>
; parameters 0+, registers 12, upvalues 1, constants 11, functions 0
    1 2:17+3     Vararg               R0 4
    2 3:4+1      Test                 R0 0
    3 3:4+1      Jump                 2                 ; to 6
    4 3:11+1     GetUpvalueField      R3 U0 K0          ; _ENV "f"
    5 3:11+1     Call                 R3 1 1
    6 4:4+5      Test                 R0 1
    7 4:4+5      Jump                 3                 ; to 11
    8 4:15+1     GetUpvalueField      R3 U0 K0          ; _ENV "f"
    9 4:15+1     Call                 R3 1 1
   10 4          Jump                 2                 ; to 13
   11 4:24+1     GetUpvalueField      R3 U0 K1          ; _ENV "g"
   12 4:24+1     Call                 R3 1 1
   13 5:6+2      EqConst              R0 K2 1           ; nil
   14 5:6+2      Jump                 2                 ; to 17
   15 5:18+2     EqConst              R1 K3 1           ; 1
   16 5:18+2     Jump                 3                 ; to 20
   17 5:28+1     GetUpvalueField      R3 U0 K0          ; _ENV "f"
   18 5:28+1     Call                 R3 1 1
   19 5          Jump                 11                ; to 31
   20 5:41+1     LtConst              R0 K4 0           ; 10
   21 5:41+1     Jump                 2                 ; to 24
   22 5:53+1     GtConst              R1 K4 1           ; 10
   23 5:53+1     Jump                 2                 ; to 26
   24 5:62+2     Le                   R0 R2 0
   25 5:62+2     Jump                 3                 ; to 29
   26 5:72+1     GetUpvalueField      R3 U0 K1          ; _ENV "g"
   27 5:72+1     Call                 R3 1 1
   28 5          Jump                 2                 ; to 31
   29 5:81+1     GetUpvalueField      R3 U0 K5          ; _ENV "h"
   30 5:81+1     Call                 R3 1 1
   31 6:11+1     Test                 R0 0
   32 6:11+1     Jump                 2                 ; to 35
   33 6:11+7     TestSet              R3 R1 1
   34 6:11+7     Jump                 1                 ; to 36
   35 6:11+12    Move                 R3 R2
   36 7:7+2      Eq                   R0 R1 1
   37 7:7+2      Jump                 1                 ; to 39
   38 7:5+6      LoadFalseSkip        R3
   39 7:5+6      LoadTrue             R3
   40 8:7+1      Lt                   R0 R1 0
   41 8:7+1      Jump                 2                 ; to 44
   42 8:5+11     Move                 R3 R2
   43 8          Jump                 2                 ; to 46
   44 8:5+11     LoadFalseSkip        R3
   45 8:5+11     LoadTrue             R3
   46 9:10+1     Test                 R0 0
   47 9:10+1     Jump                 3                 ; to 51
   48 9:9+9      Not                  R3 R1
   49 9          Jump                 2                 ; to 52
   50 9:5+13     LoadFalseSkip        R3
   51 9:5+13     LoadTrue             R3
   52 10:5+1     TestSet              R3 R0 1
   53 10:5+1     Jump                 4                 ; to 58
   54 10:12+2    EqConst              R1 K3 1           ; 1
   55 10:12+2    Jump                 1                 ; to 57
   56 10:5+11    LoadFalseSkip        R3
   57 10:5+11    LoadTrue             R3
   58 11:6+1     Test                 R0 0
   59 11:6+1     Jump                 3                 ; to 63
   60 11:6+7     LoadInt              R4 1
   61 11:6+7     Test                 R4 1
   62 11:6+7     Jump                 1                 ; to 64
   63 11:5+14    LoadInt              R4 2
   64 11:20+1    AddRK                R3 R4 K3          ; 1
   65 12:9+2     EqConst              R0 K2 1           ; nil
   66 12:9+2     Jump                 1                 ; to 68
   67 12:5+8     LoadFalseSkip        R4
   68 12:5+8     LoadTrue             R4
   69 12:19+2    EqConst              R1 K6 0           ; "s"
   70 12:19+2    Jump                 1                 ; to 72
   71 12:15+8    LoadFalseSkip        R5
   72 12:15+8    LoadTrue             R5
   73 12:25+1    LoadInt              R6 1
   74 12:27+2    EqConst              R6 K3 1           ; 1
   75 12:27+2    Jump                 1                 ; to 77
   76 12:25+6    LoadFalseSkip        R6
   77 12:25+6    LoadTrue             R6
   78 12:1+1     Move                 R3 R4
   79 13:7+2     LeConst              R0 K7 1           ; 3
   80 13:7+2     Jump                 1                 ; to 82
   81 13:5+6     LoadFalseSkip        R4
   82 13:5+6     LoadTrue             R4
   83 13:15+2    GeConst              R0 K7 1           ; 3
   84 13:15+2    Jump                 1                 ; to 86
   85 13:13+6    LoadFalseSkip        R5
   86 13:13+6    LoadTrue             R5
   87 13:23+2    GeConst              R0 K7 1           ; 3
   88 13:23+2    Jump                 1                 ; to 90
   89 13:21+6    LoadFalseSkip        R6
   90 13:21+6    LoadTrue             R6
   91 13:31+1    LtConst              R0 K7 1           ; 3
   92 13:31+1    Jump                 1                 ; to 94
   93 13:29+5    LoadFalseSkip        R7
   94 13:29+5    LoadTrue             R7
   95 13:38+1    Lt                   R1 R0 1
   96 13:38+1    Jump                 1                 ; to 98
   97 13:36+5    LoadFalseSkip        R8
   98 13:36+5    LoadTrue             R8
   99 13:45+2    Le                   R0 R1 1
  100 13:45+2    Jump                 1                 ; to 102
  101 13:43+6    LoadFalseSkip        R9
  102 13:43+6    LoadTrue             R9
  103 13:51+3    LoadConst            R10 K8            ; "a"
  104 13:57+3    LoadConst            R11 K9            ; "b"
  105 13:55+1    Lt                   R10 R11 1
  106 13:55+1    Jump                 1                 ; to 108
  107 13:51+9    LoadFalseSkip        R10
  108 13:51+9    LoadTrue             R10
  109 13:62+1    LoadInt              R11 1
  110 13:64+1    LtConst              R11 K10 1         ; 2
  111 13:64+1    Jump                 1                 ; to 113
  112 13:62+5    LoadFalseSkip        R11
  113 13:62+5    LoadTrue             R11
  114 13:1+1     Move                 R3 R4
  115 14:7+1     Test                 R0 0
  116 14:7+1     Jump                 5                 ; to 122
  117 14:7+7     Test                 R1 0
  118 14:7+7     Jump                 3                 ; to 122
  119 14:18+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
  120 14:18+1    Call                 R4 1 1
  121 14         Loop                 -7                ; to 115
  122 15:15+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
  123 15:15+1    Call                 R4 1 1
  124 15         Loop                 -3                ; to 122
  125 16:8+1     GetUpvalueField      R4 U0 K0          ; _ENV "f"
  126 16:8+1     Call                 R4 1 1
  127 16:18+1    Test                 R0 0
  128 16:18+1    Jump                 2                 ; to 131
  129 16:18+11   Test                 R1 0
  130 16:18+11   Jump                 1                 ; to 132
  131 16         Loop                 -7                ; to 125
  132 17:8+1     GetUpvalueField      R4 U0 K0          ; _ENV "f"
  133 17:8+1     Call                 R4 1 1
  134 18:4+1     Test                 R0 0
  135 18:4+1     Jump                 1                 ; to 137
  136 18         Return0
  137 19:4+5     LoadFalse            R4
  138 19:4+5     Test                 R4 0
  139 19:4+5     Jump                 2                 ; to 142
  140 19:15+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
  141 19:15+1    Call                 R4 1 1
  142 20:4+3     LoadNil              R4 0
  143 20:4+3     Test                 R4 0
  144 20:4+3     Jump                 4                 ; to 149
  145 20:4+9     Test                 R0 0
  146 20:4+9     Jump                 2                 ; to 149
  147 20:19+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
  148 20:19+1    Call                 R4 1 1
  149 21:8+1     TestSet              R4 R0 0
  150 21:8+1     Jump                 2                 ; to 153
  151 21:14+1    GetUpvalueField      R4 U0 K0          ; _ENV "f"
  152 21:14+1    Call                 R4 1 2
  153 21         Return1              R4
  154 21         Return0
; local 0 a 2 to 155
; local 1 b 2 to 155
; local 2 c 2 to 155
; local 3 x 36 to 155
; upvalue U0 _ENV = R0
